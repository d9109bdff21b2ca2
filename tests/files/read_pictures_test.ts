import fc from "fast-check";
import { assertRefused, assertSays, type Parts, parts } from "../assert_refused.ts";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type LayersModel, startEngine } from "../../src/engine/mod.ts";
import { decodePng, readPictures } from "../../src/files/read_pictures.ts";
import { BatchError, readBatch } from "../../src/entry/model.ts";
import { formatCount } from "../../src/ground/words/numbers.ts";
import { fixture } from "../torch/fixture.ts";
import { png } from "./write_png.ts";

Deno.test("decodePng() reads every kind of pixel", () => {
  const pixels = (picture: Parameters<typeof png>[0]) => [...decodePng(png(picture)).pixels];
  assertEquals(pixels({ width: 2, height: 2, lines: [0, 1, 2, 0, 3, 4] }), [1, 2, 3, 4]);
  assertEquals(pixels({ width: 3, height: 1, bits: 1, lines: [0, 0b10100000] }), [255, 0, 255]);
  assertEquals(pixels({ width: 2, height: 1, bits: 4, lines: [0, 0xf5] }), [255, 85]);
  assertEquals(pixels({ width: 1, height: 1, bits: 16, lines: [0, 255, 255] }), [255]);
  assertEquals(pixels({ width: 1, height: 1, type: 6, lines: [0, 1, 2, 3, 4] }), [1, 2, 3, 4]);
  const palette = [9, 8, 7, 6, 5, 4];
  assertEquals(
    pixels({ width: 2, height: 1, bits: 2, type: 3, palette, lines: [0, 0b01000000] }),
    [6, 5, 4, 9, 8, 7],
  );
});

Deno.test("decodePng() refuses other files, damage and bombs", () => {
  const message = (bytes: Uint8Array) => assertThrows(() => decodePng(bytes), BatchError).message;
  const refused = (bytes: Uint8Array, found: string, expected: string) =>
    assertRefused(() => decodePng(bytes), parts("The picture", found, expected), BatchError);
  assertEquals(message(new Uint8Array(20)), "The file is not a PNG picture, expected one");
  assertEquals(
    message(png({ width: 2 ** 31, height: 2 ** 31 })),
    "The picture has 2147483648 x 2147483648 pixels, expected 1 to 67108864",
  );
  const large = png({ width: 8000, height: 8000 });
  refused(large, "8 packed bytes of pixels", "at least 62024: truncated");
  const overfull = png({ width: 1, height: 1, lines: [0, 1, 2] });
  refused(overfull, "pixels that cannot be unpacked", "2 bytes of them");
  refused(overfull.subarray(0, 32), "32 bytes", "at least 33: truncated");
  assertEquals(
    message(png({ width: 1, height: 1, lines: [0] })),
    "The picture has 1 bytes of pixels, expected 2",
  );
  assertEquals(
    message(png({ width: 1, height: 1, interlaced: 1, lines: [0, 1] })),
    "The picture is interlaced, expected one that is saved without interlacing",
  );
  assertEquals(
    message(png({ width: 1, height: 1, lines: [7, 1] })),
    "The picture is damaged: Unsupported filter: 7",
  );
  assertEquals(
    message(png({ width: 1, height: 1, type: 3, palette: [1, 2, 3], lines: [0, 1] })),
    "The picture is damaged: Incorrect index of palette color",
  );
  const whole = png({ width: 2, height: 1, lines: [0, 1, 2] });
  for (let length = 0; length < whole.length; length++) message(whole.subarray(0, length));
  const damaged = whole.slice();
  damaged[29] ^= 1;
  assertMatch(message(damaged), /^The picture is damaged: CRC mismatch for chunk IHDR/);
});

Deno.test("decodePng() unpacks no chunk but the pixels", () => {
  const whole = png({ width: 2, height: 1, lines: [0, 1, 2] });
  // A colour profile that is not a zlib stream.
  const profile = [0, 0, 0, 4, ...new TextEncoder().encode("iCCPa"), 0, 0, 9, 0, 0, 0, 0];
  const bytes = new Uint8Array([...whole.subarray(0, 33), ...profile, ...whole.subarray(33)]);
  assertEquals([...decodePng(bytes).pixels], [1, 2]);
});

Deno.test("readBatch() says what is wrong with a folder of pictures", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const make = (units: number, inputShape = [6, 5, 3]) =>
    tf.sequential({ layers: [tf.layers.flatten({ inputShape }), tf.layers.dense({ units })] });
  const two = make(2);
  const three = make(3);
  const other = make(2, [8, 8, 3]);
  const folder = await Deno.makeTempDir();
  const refuses = async (path: string, model: LayersModel, said: Parts) => {
    assertSays(await assertRejects(() => readBatch(path, model), BatchError), said, path);
  };
  await refuses(folder, two, parts("The folder", "no subfolders", "one for each class"));
  await Deno.mkdir(`${folder}/cat`);
  await refuses(folder, two, parts("The folder", "no pictures", "one or more"));
  await Deno.copyFile(fixture("images/cat/0.png"), `${folder}/cat/0.png`);
  await refuses(folder, two, parts("The folder", "1 classes", "2 as the model outputs"));
  await Deno.writeTextFile(`${folder}/cat/1.jpg`, "");
  await refuses(folder, two, parts('"cat/1.jpg"', "not a PNG picture", "only PNG pictures"));
  await Deno.rename(`${folder}/cat/1.jpg`, `${folder}/cat/1.png`);
  await refuses(folder, two, parts('"cat/1.png": The file', "not a PNG picture", "one"));
  await Deno.writeFile(`${folder}/cat/1.png`, png({ width: 1, height: 1, lines: [0, 1] }));
  await refuses(
    folder,
    two,
    parts('"cat/1.png"', "1 x 1 pixels", '6 x 5 as "cat/0.png" has'),
  );
  await refuses(
    fixture("images"),
    three,
    parts("The folder", "2 classes", "3 as the model outputs"),
  );
  const error = await assertRejects(() => readBatch(fixture("images"), other), BatchError);
  assertEquals(
    error.message.includes("inputs has shape [4, 6, 5, 3], expected [any, 8, 8, 3]"),
    true,
  );
  const inputs = [0, 1].map(() => tf.input({ shape: [6, 5, 3] }));
  const sum = tf.layers.add().apply(inputs) as typeof inputs[0];
  const outputs = [1, 2].map((units) => tf.layers.dense({ units }).apply(inputs[0]) as typeof sum);
  const pair = tf.model({ name: "pair", inputs, outputs: sum });
  const heads = tf.model({ name: "heads", inputs: inputs[0], outputs });
  const steps = make(1, [6, 5]);
  const greyAndAlpha = make(2, [6, 5, 2]);
  const five = make(2, [6, 5, 5]);
  const needed = parts("The path", "a folder", "a file");
  const refused = [pair, heads, steps, greyAndAlpha, five];
  for (const model of refused) await refuses(fixture("images"), model, needed);
  for (const model of [two, three, other, ...refused]) model.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readPictures() takes pictures of 256 MiB and ten times their files, and no byte more", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const inputShape = [null, null, 1];
  const model = tf.sequential({
    layers: [tf.layers.conv2d({ filters: 1, kernelSize: 1, inputShape: inputShape as never })],
  });
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/cat`);
  // Two pictures of float32, and of the one that is decoded three times its bytes and two samples.
  const memory = (width: number) => 2 * 4 * width + 3 * (width + 1) + 2 * width;
  const most = 2 ** 28 + 10 * 2 * png({ width: 1, height: 1 }).length;
  const width = Math.floor((most - 3) / 13);
  const message = async (width: number) => {
    const picture = png({ width, height: 1 });
    for (const name of ["0", "1"]) await Deno.writeFile(`${folder}/cat/${name}.png`, picture);
    return (await assertRejects(() => readPictures(folder, model), BatchError)).message;
  };
  assertEquals(
    await message(width),
    '"cat/0.png": The picture has 8 packed bytes of pixels, expected at least ' +
      `${Math.ceil((width + 1 - 64) / 1032)}: truncated`,
  );
  assertEquals(
    await message(width + 1),
    `The pictures take ${formatCount(memory(width + 1), "byte")} as pixels, ` +
      `expected at most ${formatCount(most, "byte")}: 10 times their files, and 256 MiB`,
  );
  model.dispose();
  await Deno.remove(folder, { recursive: true });
});

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
      // Two or three of a few bytes are often equally near to a guess.
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
