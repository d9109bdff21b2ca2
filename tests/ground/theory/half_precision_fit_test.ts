import { assertEquals } from "@std/assert";
import { type ExponentHistogram, halfPrecisionFit } from "../../../src/ground/theory/mod.ts";

/** The histogram of these numbers, by logarithms. */
function histogramOf(numbers: number[]): ExponentHistogram {
  const counts = new Array(81).fill(0);
  for (const x of numbers) counts[Math.floor(Math.log2(Math.abs(x))) + 40]++;
  return { zeros: 0, nonFinite: 0, under: 0, from: -40, counts, over: 0 };
}

const FORMATS = {
  fp16: { most: 65504, normal: 2 ** -14, least: 2 ** -24 },
  e4m3: { most: 448, normal: 2 ** -6, least: 2 ** -9 },
};

for (const name of Object.keys(FORMATS) as (keyof typeof FORMATS)[]) {
  Deno.test(`halfPrecisionFit() knows both sides of each border of ${name}`, () => {
    const { most, normal, least } = FORMATS[name];
    const below = 1 - 2 ** -24;
    const cases: [number, object][] = [
      [most, { over: 0, subnormal: 0, under: 0 }],
      // The next power of 2 is the first exponent that is beyond.
      [2 ** Math.ceil(Math.log2(most)), { over: 1, subnormal: 0, under: 0 }],
      [normal, { over: 0, subnormal: 0, under: 0 }],
      [normal * below, { over: 0, subnormal: 1, under: 0 }],
      [least, { over: 0, subnormal: 1, under: 0 }],
      [least * below, { over: 0, subnormal: 0, under: 1 }],
    ];
    for (const [x, expected] of cases) {
      assertEquals(halfPrecisionFit(histogramOf([x]))[name], expected, `${x}`);
    }
  });
}

Deno.test("halfPrecisionFit() gives shares of the finite entries, zeros among them", () => {
  const histogram = { zeros: 2, nonFinite: 5, under: 1, from: 15, counts: [4, 2], over: 1 };
  const { fp16, bf16, e4m3 } = halfPrecisionFit(histogram);
  assertEquals(fp16, { over: 0.3, subnormal: 0, under: 0.1 });
  assertEquals(e4m3, { over: 0.7, subnormal: 0, under: 0.1 });
  assertEquals(bf16, { over: 0, subnormal: 0, under: 0 });
  const empty = { zeros: 0, nonFinite: 3, under: 0, from: 0, counts: [], over: 0 };
  assertEquals(halfPrecisionFit(empty).fp16, { over: 0, subnormal: 0, under: 0 });
});

Deno.test("halfPrecisionFit() scales a tensor so that its largest exponent is that of 448", () => {
  // From 2^8 to 2^-9, fp8 has 18 exponents.
  for (const largest of [1, 2 ** -12, 2 ** 20]) {
    const fit = (x: number) => halfPrecisionFit(histogramOf([largest, x])).e4m3Scaled;
    assertEquals(fit(largest * 2 ** -14), { over: 0, subnormal: 0, under: 0 });
    assertEquals(fit(largest * 2 ** -15), { over: 0, subnormal: 0.5, under: 0 });
    assertEquals(fit(largest * 2 ** -17), { over: 0, subnormal: 0.5, under: 0 });
    assertEquals(fit(largest * 2 ** -18), { over: 0, subnormal: 0, under: 0.5 });
  }
  const zeros = { zeros: 3, nonFinite: 0, under: 0, from: 0, counts: [], over: 0 };
  assertEquals(halfPrecisionFit(zeros).e4m3Scaled, { over: 0, subnormal: 0, under: 0 });
});
