import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Bench, withNative } from "./with_native.ts";

interface Size {
  m: number;
  n: number;
  k: number;
}

/** Storage of the operands. */
interface Form {
  transposeA: boolean;
  transposeB: boolean;
}

const FORMS: Form[] = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB }))
);

/** Numbers from -1 to 1 that no two places share. */
const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

/** Our product of one matrix by one, at an address that is a multiple of 4 only. */
function product(
  { tf, native, place, address, view }: Bench,
  [a, b]: Float32Array[],
  { m, n, k }: Size,
  { transposeA, transposeB }: Form,
): Float32Array {
  const result = tf.fill([m * n + 1], 77);
  const left = transposeA ? { row: 4, column: 4 * m } : { row: 4 * k, column: 4 };
  const right = transposeB ? { row: 4, column: 4 * k } : { row: 4 * n, column: 4 };
  native.matMul(
    { address: place(a, 1).address, batch: 0, ...left },
    { address: place(b, 3).address, batch: 0, ...right },
    address(result),
    { batch: 1, m, n, k },
  );
  assertEquals(view(result)[m * n], 77, "wrote beyond the end");
  return view(result).slice(0, m * n);
}

/** Returns an entry of the product in float64, and the sum of its terms' absolute values. */
function entry(
  [a, b]: Float32Array[],
  { m, n, k }: Size,
  { transposeA, transposeB }: Form,
  i: number,
  j: number,
): [number, number] {
  let sum = 0, size = 0;
  for (let l = 0; l < k; l++) {
    const term = a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
    sum += term;
    size += Math.abs(term);
  }
  return [sum, size];
}

/** Holds entries of a product against float64: all of few, else whole rows and columns near borders. */
function check(bench: Bench, size: Size, form: Form): void {
  const { m, n, k } = size;
  const operands = [numbers(m * k, 1), numbers(k * n, 2)];
  const c = product(bench, operands, size, form);
  const stride = Math.max(1, Math.floor(m * n * k / 1e6) | 1);
  for (let at = 0; at < m * n; at += stride) {
    const [sum, magnitude] = entry(operands, size, form, Math.floor(at / n), at % n);
    const place = `${m} x ${n} x ${k} ${JSON.stringify(form)} at ${Math.floor(at / n)}, ${at % n}`;
    assert(Math.abs(c[at] - sum) <= 1e-6 * magnitude, `${place}: ${c[at]} is not ${sum}`);
  }
}

Deno.test("matMul() agrees with float64 for every small size, either way round", async () => {
  await withNative((bench) => {
    for (let m = 1; m <= 20; m++) {
      for (let n = 1; n <= 20; n++) {
        const k = 1 + (7 * m + 3 * n) % 20;
        for (const form of FORMS) check(bench, { m, n, k }, form);
      }
    }
    for (let k = 1; k <= 20; k++) for (const form of FORMS) check(bench, { m: 6, n: 9, k }, form);
  });
});

Deno.test("matMul() agrees with float64 around the borders of tiles, groups and blocks", async () => {
  await withNative((bench) => {
    for (const form of FORMS) {
      for (const m of [51, 52, 53, 91, 92, 521]) check(bench, { m, n: 9, k: 11 }, form);
      for (const n of [511, 512, 513, 1025]) check(bench, { m: 11, n, k: 9 }, form);
      for (const k of [255, 256, 257, 513, 1025]) check(bench, { m: 41, n: 17, k }, form);
      for (const m of [15, 16, 31, 32, 48, 49]) {
        for (const k of [64, 65]) for (const n of [15, 16, 17]) check(bench, { m, n, k }, form);
      }
      for (const m of [521, 1040, 1041]) check(bench, { m, n: 513, k: 257 }, form);
    }
  });
});

Deno.test("matMul() agrees with float64 for sizes at random", async () => {
  const size = fc.integer({ min: 1, max: 90 });
  await withNative((bench) =>
    fc.assert(
      fc.property(size, size, size, fc.constantFrom(...FORMS), (m, n, k, form) => {
        bench.tf.tidy(() => check(bench, { m, n, k }, form));
      }),
      { numRuns: 150 },
    )
  );
});

Deno.test("matMul() lets NaN and Infinity reach the entries that are made of them, and no other", async () => {
  await withNative((bench) => {
    for (
      const { m, n, k } of [{ m: 7, n: 11, k: 9 }, { m: 41, n: 19, k: 70 }, { m: 3, n: 9, k: 5 }]
    ) {
      for (const form of FORMS) {
        for (const value of [NaN, Infinity]) {
          const operands = [numbers(m * k, 1), numbers(k * n, 2)];
          const i = m - 1;
          const l = k - 1;
          operands[0][form.transposeA ? l * m + i : i * k + l] = value;
          const c = product(bench, operands, { m, n, k }, form);
          c.forEach((x, at) => assertEquals(Number.isFinite(x), Math.floor(at / n) !== i));
        }
      }
    }
  });
});
