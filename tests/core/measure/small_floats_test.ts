import { sweepTensors } from "../../../src/checkpoint/sample_tensors.ts";
import { decode } from "../../../src/files/file_types.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

/** Values of codes, and the sum of the first 128, as PyTorch 2.15 has them. */
const FORMATS = [
  {
    type: "float8_e4m3fnuz",
    values: { 0x7f: 240, 1: 2 ** -10, 8: 2 ** -7, 0x40: 1, 0xff: -240 },
    sum: 2943.9375,
  },
  {
    type: "float8_e5m2fnuz",
    values: { 0x7f: 57344, 1: 2 ** -17, 4: 2 ** -15, 0x40: 1, 0xff: -57344 },
    sum: 360447.9998779297,
  },
] as const;

for (const { type, values, sum } of FORMATS) {
  Deno.test(`${type} is decoded as PyTorch does, and its one NaN is found`, () => {
    const decoded = decode(CODES, type);
    for (const [code, value] of Object.entries(values)) assertEquals(decoded[Number(code)], value);
    assertAlmostEquals(decoded.slice(0, 128).reduce((a, b) => a + b, 0), sum, 1e-9 * sum);
    assertEquals(decoded[0x80], NaN);

    const read = () => decoded;
    const tensor = { name: "w", shape: [16, 16], type, read, bytes: () => CODES };
    const [{ sums, nonFinite, rows }] = sweepTensors([{ tensor, units: { axis: "rows" } }]);
    assertEquals([sums.count, sums.finite, sums.zeros, sums.maxAbs], [
      256,
      255,
      1,
      values[0x7f],
    ]);
    assertEquals(nonFinite, { nan: 1, infinite: 0, firstNaN: 0x80, firstInfinite: -1 });
    assertEquals(rows, { zero: 0, constant: 0, repeated: 0 });

    // NaN beside zeros is not a row of zeros.
    const codes = new Uint8Array(256);
    codes[20] = 0x80;
    const [figures] = sweepTensors([{ tensor: { ...tensor, bytes: () => codes }, units: null }]);
    assertEquals([figures.rows?.zero, figures.nonFinite?.firstNaN], [15, 20]);
  });
}
