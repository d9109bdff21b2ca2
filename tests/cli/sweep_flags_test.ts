import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseScales } from "../../src/cli/flags/sweep_flags.ts";
import { UsageError } from "../../src/cli/kit/flag.ts";

const scalesOf = (text: string) => parseScales(text, "--scale");

Deno.test("parseScales() spaces a range by logarithm, ten scales to a factor of ten", () => {
  const scales = scalesOf("0.001..1000");
  assertEquals(scales.length, 61);
  assertEquals(scales.slice(0, 3), [0.001, 0.001259, 0.001585]);
  assertEquals([10, 20, 30, 40, 50, 60].map((i) => scales[i]), [0.01, 0.1, 1, 10, 100, 1000]);
});

Deno.test("parseScales() takes the number of scales, a list, and fractions", () => {
  assertEquals(scalesOf("0.1..10:3"), [0.1, 1, 10]);
  assertEquals(scalesOf("0.5,1, 2e3"), [0.5, 1, 2000]);
  assertEquals(scalesOf("1/894,1"), [1 / 894, 1]);
  assertEquals(scalesOf("1/100..1:3"), [0.01, 0.1, 1]);
  assertEquals(scalesOf("2..2"), [2]);
  assertEquals(scalesOf("1..1.1"), [1, 1.1]);
});

Deno.test("parseScales() refuses everything else", () => {
  const wrong = [
    "",
    "x",
    "0..1",
    "-1",
    "1..",
    "..1",
    "2..1",
    "1..2..3",
    "1..2:",
    "1..2:1",
    "1..2:x",
  ];
  for (const text of [...wrong, "1,,2", "1/0", "Infinity", "1e999", "1..2:3:4", "1..2:99999"]) {
    assertThrows(() => scalesOf(text), UsageError, "--scale", text);
  }
  for (const text of ["1..", "0..1", "1,,2", "1,x"]) {
    assertThrows(() => scalesOf(text), UsageError, `--scale is "${text}", expected a range`);
  }
});

Deno.test("parseScales() gives ascending scales from one end to the other", () => {
  const end = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  fc.assert(fc.property(end, end, fc.integer({ min: 2, max: 200 }), (a, b, n) => {
    const from = Math.min(a, b);
    const to = Math.max(a, b);
    fc.pre(to / from > 1.5);
    const scales = scalesOf(`${from}..${to}:${n}`);
    assertEquals([scales.length, scales[0], scales[n - 1]], [n, from, to]);
    if (n < 50) assert(scales.every((scale, i) => i === 0 || scale > scales[i - 1]));
  }));
});
