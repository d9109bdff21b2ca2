import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodePng } from "../../../src/model/batches/read_pictures.ts";
import { BatchError } from "../../../src/load/mod.ts";
import { png } from "./write_png.ts";
import { assertRefused, parts } from "../../assert_refused.ts";

/** Channels of each colour type that has no palette. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** The byte that a filter adds to: what the PNG standard says of bytes to the left, above, and above to the left. */
function guess(filter: number, a: number, b: number, c: number): number {
  const p = a + b - c;
  const distances = [a, b, c].map((byte) => Math.abs(p - byte));
  const nearest = [a, b, c][distances.indexOf(Math.min(...distances))];
  return [0, a, b, Math.floor((a + b) / 2), nearest][filter];
}

/** Lines of bytes, each filtered in its own way. */
function filtered(lines: number[][], filters: number[], step: number): number[] {
  return lines.flatMap((line, y) => [
    filters[y],
    ...line.map((byte, x) => {
      const at = (dx: number, dy: number) => lines[y - dy]?.[x - dx] ?? 0;
      return (byte - guess(filters[y], at(step, 0), at(0, 1), at(step, 1)) + 256) % 256;
    }),
  ]);
}

const pictures = fc.record({
  type: fc.constantFrom(0, 2, 4, 6),
  bits: fc.constantFrom(8, 16),
  width: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 1, max: 4 }),
}).chain((given) => {
  const row = given.width * CHANNELS[given.type] * given.bits / 8;
  const { height } = given;
  return fc.record({
    ...Object.fromEntries(Object.entries(given).map(([key, value]) => [key, fc.constant(value)])),
    lines: fc.array(
      // Of a few bytes, two or three are often as near to a guess.
      fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 255 })), {
        minLength: row,
        maxLength: row,
      }),
      { minLength: height, maxLength: height },
    ),
    filters: fc.array(fc.nat({ max: 4 }), { minLength: height, maxLength: height }),
  }) as fc.Arbitrary<typeof given & { lines: number[][]; filters: number[] }>;
});

Deno.test("decodePng() undoes the filter of each line, for pixels of any size", () => {
  fc.assert(fc.property(pictures, ({ lines, filters, ...given }) => {
    const channels = CHANNELS[given.type];
    const bytes = filtered(lines, filters, channels * given.bits / 8);
    const picture = decodePng(png({ ...given, lines: bytes }));
    const flat = lines.flat();
    const expected = given.bits === 8
      ? flat
      : flat.flatMap((byte, i) => i % 2 === 0 ? [(byte * 256 + flat[i + 1]) * 255 / 65535] : []);
    assertEquals(
      [picture.height, picture.width, picture.channels],
      [given.height, given.width, channels],
    );
    assertEquals([...picture.pixels], [...new Float32Array(expected)]);
  }));
});

Deno.test("decodePng() reads several samples of a byte, each line beginning with a new one", () => {
  const samples = fc.record({
    bits: fc.constantFrom(1, 2, 4),
    width: fc.integer({ min: 1, max: 11 }),
    height: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat({ max: 255 }),
  });
  fc.assert(fc.property(samples, ({ bits, width, height, seed }) => {
    const most = 2 ** bits - 1;
    const rows = Array.from(
      { length: height },
      (_, y) => Array.from({ length: width }, (_, x) => (seed + 3 * x + 5 * y + x * x) & most),
    );
    const lines = rows.flatMap((row) => {
      const bytes = Array<number>(Math.ceil(width * bits / 8)).fill(0);
      row.forEach((sample, x) => {
        const bit = x * bits;
        bytes[Math.floor(bit / 8)] += sample * 2 ** (8 - bits - bit % 8);
      });
      return [0, ...bytes];
    });
    const { pixels, channels } = decodePng(png({ width, height, bits, lines }));
    assertEquals(channels, 1);
    assertEquals([...pixels], rows.flat().map((sample) => sample * 255 / most));
  }));
});

Deno.test("decodePng() puts the pieces together that the pixels are divided into", () => {
  const rows = Array.from(
    { length: 6 },
    (_, y) => Array.from({ length: 6 }, (_, x) => 7 * y + x * x),
  );
  const lines = rows.flatMap((row) => [0, ...row]);
  for (const pieces of [1, 2, 3, 7]) {
    const { pixels } = decodePng(png({ width: 6, height: 6, lines, pieces }));
    assertEquals([...pixels], rows.flat());
  }
});

Deno.test("decodePng() takes a picture that packs as well as one can", () => {
  const width = 2048;
  const height = 1024;
  const lines = Array<number>(height * (width + 1)).fill(0);
  assertEquals(decodePng(png({ width, height, lines })).pixels.length, width * height);
});

Deno.test("decodePng() takes the last colour of a palette, and none behind it", () => {
  const palette = [1, 2, 3, 4, 5, 6];
  const one = (colour: number, given = palette) =>
    decodePng(png({ width: 1, height: 1, type: 3, palette: given, lines: [0, colour] }));
  assertEquals([...one(0).pixels], [1, 2, 3]);
  assertEquals([...one(1).pixels], [4, 5, 6]);
  assertThrows(
    () => one(2),
    BatchError,
    "The picture is damaged: Incorrect index of palette color",
  );
  // The last colour is cut off.
  assertThrows(
    () => one(1, palette.slice(0, 5)),
    BatchError,
    "The picture is damaged: PLTE field length",
  );
});

Deno.test("decodePng() takes the bits that a colour type may have, and no others", () => {
  const taken: Record<number, number[]> = {
    0: [1, 2, 4, 8, 16],
    2: [8, 16],
    3: [1, 2, 4, 8],
    4: [8, 16],
    6: [8, 16],
  };
  for (let type = 0; type <= 7; type++) {
    for (const bits of [0, 1, 2, 3, 4, 8, 16, 32]) {
      const bytes = (CHANNELS[type] ?? 1) * Math.max(1, bits / 8);
      const palette = type === 3 ? [7, 8, 9] : undefined;
      const file = png({
        width: 1,
        height: 1,
        bits,
        type,
        palette,
        lines: [0, ...Array(bytes).fill(0)],
      });
      if (taken[type]?.includes(bits)) decodePng(file);
      else {
        const found = `${bits} bits and colour type ${type}`;
        const said = parts("The picture", found, "a combination that PNG allows");
        assertRefused(() => decodePng(file), said, BatchError);
      }
    }
  }
});

Deno.test("decodePng() takes pictures of one pixel and more, in either direction", () => {
  for (const [width, height] of [[1, 1], [1, 5], [5, 1]]) {
    const lines = Array.from({ length: height }, () => [0, ...Array(width).fill(7)]).flat();
    assertEquals(
      [...decodePng(png({ width, height, lines })).pixels],
      Array(width * height).fill(7),
    );
  }
  for (const [width, height] of [[0, 1], [1, 0], [2 ** 26 + 1, 1], [2 ** 13, 2 ** 13 + 1]]) {
    assertRefused(
      () => decodePng(png({ width, height, lines: [0, 1] })),
      parts("The picture", `${height} x ${width} pixels`, `1 to ${2 ** 26}`),
      BatchError,
    );
  }
  // So many may be there, and are not.
  assertThrows(
    () => decodePng(png({ width: 2 ** 26, height: 1, lines: [0, 1] })),
    BatchError,
    "packed bytes of pixels, expected at least 65028: truncated",
  );
});
