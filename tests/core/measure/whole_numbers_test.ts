import { readWeights } from "../../../src/load/read_weights.ts";
import { measureCheckpoint, measureWeights } from "../../../src/entry/measure.ts";
import type { WholeTensor } from "../../../src/core/measure/measurements.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { safetensors } from "../../torch/fixture.ts";
import { withFolder } from "../model/save_model.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { npy } from "../../files/npy.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const FOLDER = new URL("../../../fixtures/files/whole/", import.meta.url).pathname;

/** Figures of a tensor by the exact integers of Python, see `make_whole.py`. */
interface Counted {
  shape: number[];
  range: [string, string];
  zeros: number;
  mean: number;
  rms: number;
  std: number;
  rows: NonNullable<WholeTensor["alike"]>["rows"];
  columns: NonNullable<WholeTensor["alike"]>["columns"];
}

const EXPECTED: Record<string, Counted> = JSON.parse(
  await Deno.readTextFile(`${FOLDER}expected.json`),
);

/** Number of the nine types that each file has, along rows and across them. */
const FILES = {
  "whole.safetensors": 9,
  "whole.npz": 9,
  "packed.npz": 9,
  "fortran.npz": 9,
  "whole.pt": 6,
  "whole.pt2": 6,
  "whole.weights.h5": 8,
  "chunked.weights.h5": 8,
};

for (const [file, count] of Object.entries(FILES)) {
  Deno.test(
    `whole numbers of ${file} have the figures that Python counts`,
    () => requireCounted(`${FOLDER}${file}`, count),
  );
}

/** Checks the figures of a number of types, along rows and across them. */
async function requireCounted(path: string, count: number) {
  const weights = await readWeights(path);
  const measured = await measureCheckpoint(weights);
  assertEquals(measured, measureWeights(weights));
  const whole = measured.weightsOnly!.wholeNumbers!;
  assertEquals(whole.length, 2 * count);
  for (const { name, type, shape, range, values, alike } of whole) {
    const counted = EXPECTED[name.replace("/", ".")];
    assertEquals(name.slice(-type.length), type);
    assertEquals(shape, counted.shape);
    assertEquals(range.map(String), counted.range, name);
    assertEquals(Math.round(values.zeroFraction * values.count), counted.zeros, name);
    for (const figure of ["mean", "rms", "std"] as const) {
      assertAlmostEquals(values[figure], counted[figure], 1e-13 * counted.rms, name);
    }
    const { rows, columns } = counted;
    const planted = name.startsWith("table") ? rows : columns;
    assertEquals([planted.zero, planted.constant], [1, 1]);
    assertEquals(alike, { rows, columns }, name);
  }
}

/** Writes tensors of `whole.safetensors` as a model.json of TensorFlow.js. */
async function writeManifest(
  folder: string,
  specs: readonly { name: string; quantization?: Record<string, unknown>; dtype: string }[],
): Promise<string> {
  const { tensors } = await readWeights(`${FOLDER}whole.safetensors`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const weights = specs.map((spec) => {
    const { shape, bytes } = tensors.find(({ name }) => name === spec.name)!;
    parts.push(new Uint8Array(bytes!()));
    return { ...spec, shape };
  });
  const content = new Uint8Array(await new Blob(parts).arrayBuffer());
  const half = Math.floor(content.length / 2) + 1;
  await Deno.writeFile(`${folder}/a.bin`, content.subarray(0, half));
  await Deno.writeFile(`${folder}/b.bin`, content.subarray(half));
  const path = `${folder}/model.json`;
  const weightsManifest = [{ paths: ["a.bin", "b.bin"], weights }];
  await Deno.writeTextFile(path, JSON.stringify({ modelTopology: {}, weightsManifest }));
  return path;
}

const HEAD = { name: "head.weight", dtype: "float32" };

Deno.test("whole numbers of a model.json have the figures that Python counts", () =>
  withFolder(async (folder) => {
    const specs = ["table", "across"].flatMap((place) =>
      ["int32", "bool"].map((dtype) => ({ name: `${place}.${dtype}`, dtype }))
    );
    await requireCounted(await writeManifest(folder, [...specs, HEAD]), 2);
  }));

Deno.test("packed whole numbers of a model.json are rounded as TensorFlow.js does, in pieces", () =>
  withFolder(async (folder) => {
    const specs = [
      { type: "uint8", scale: 3, min: -300 },
      { type: "uint16", scale: 1.75, min: 0 },
    ].flatMap(({ type, ...more }) =>
      ["int32", "float32"].map((dtype, i) => ({
        name: `${i === 0 ? "table" : "across"}.${type}`,
        dtype,
        quantization: { dtype: type, ...more },
      }))
    );
    const file = await readWeights(await writeManifest(folder, [...specs, HEAD]));
    const { tensors } = await readWeights(`${FOLDER}whole.safetensors`);
    for (const { name, dtype, quantization } of specs) {
      const codes = tensors.find((one) => one.name === name)!.read();
      const { scale, min } = quantization;
      const found = file.tensors.find((one) => one.name === name)!;
      assertEquals(found.type, dtype);
      const round = dtype === "int32" ? Math.round : Math.fround;
      const expected = Array.from(codes, (code) => round(code * scale + min));
      assertEquals(Array.from(found.read()), expected, name);
      const pieces = await Array.fromAsync(found.unpack!(), (piece) => piece.slice());
      const unpacked = await new Blob(pieces).arrayBuffer();
      const entries = dtype === "int32" ? new Int32Array(unpacked) : new Float32Array(unpacked);
      assertEquals(Array.from(entries), expected, name);
    }
    const measured = await measureCheckpoint(file);
    assertEquals(measured, measureWeights(file));
    assertEquals(measured.weightsOnly!.wholeNumbers!.map(({ range }) => range), [
      [0, Math.round(1.75 * 65535)],
      [-300, 465],
    ]);
  }));

Deno.test("an .npy of whole numbers alone holds no weights", () =>
  withFolder(async (folder) => {
    for (const type of ["|i1", "<i8", "<u2", "|b1"]) {
      const entries = new Uint8Array(12 * Number(type[2]));
      await Deno.writeFile(`${folder}/a.npy`, npy(type, [4, 3], entries));
      const { message } = await assertRejects(() => readWeights(`${folder}/a.npy`), ModelError);
      assert(/holds only tensors of (u?int\d+|bool), expected weights$/.test(message), message);
    }
  }));

/** Tensor of a file that is made here. */
interface Made {
  type: string;
  shape: number[];
  entries: Int8Array | BigInt64Array;
}

/** Measures a `.safetensors` file of tensors, and a head of floats. */
async function measured(tensors: Record<string, Made>) {
  let at = 0;
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  const add = (
    name: string,
    { type, shape, entries }: Omit<Made, "entries"> & { entries: ArrayBufferView },
  ) => {
    header[name] = { dtype: type, shape, data_offsets: [at, at + entries.byteLength] };
    at += entries.byteLength;
    parts.push(new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength));
  };
  const head = Float32Array.from({ length: 64 }, (_, i) => Math.sin(1 + i * i));
  add("head.weight", { type: "F32", shape: [4, 16], entries: head });
  for (const [name, tensor] of Object.entries(tensors)) add(name, tensor);
  const file = safetensors(header, at);
  let next = file.length - at;
  for (const part of parts) {
    file.set(part, next);
    next += part.length;
  }
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await Deno.writeFile(path, file);
    const weights = await readWeights(path);
    const measurements = await measureCheckpoint(weights);
    assertEquals(measureWeights(weights), measurements);
    return measurements;
  } finally {
    await Deno.remove(path);
  }
}

/** Codes of a kernel of int8, of which some rows are copies of others or zero. */
function codes(rows: number, width: number, changes: Record<number, number | null> = {}) {
  const entries = Int8Array.from(
    { length: rows * width },
    (_, i) => Math.round(100 * Math.sin(1 + i * i)),
  );
  for (const [row, from] of Object.entries(changes)) {
    const own = entries.subarray(Number(row) * width, (Number(row) + 1) * width);
    own.set(from === null ? own.map(() => 0) : entries.slice(from * width, (from + 1) * width));
  }
  return { type: "I8", shape: [rows, width], entries };
}

/** Returns the findings about whole numbers. */
async function foundIn(tensors: Record<string, Made>) {
  return runRules(await measured(tensors)).filter(({ rule }) => rule === "symmetry")
    .map(({ kind, layer, measured }) => `${kind} ${layer} ${measured}`);
}

Deno.test("a kernel of int8 with units of zeros, or equal ones, is found by its name", async () => {
  assertEquals(await foundIn({ "fc.weight": codes(20, 32) }), []);
  assertEquals(await foundIn({ "fc.weight": codes(20, 32, { 3: null }) }), ["zero-units fc 1"]);
  assertEquals(await foundIn({ "fc.weight": codes(20, 32, { 3: null, 5: null, 9: 8, 11: 8 }) }), [
    "zero-units fc 2",
    "duplicates fc 2",
  ]);
  // Convolutions have their units on the first axis, too.
  const { entries } = codes(20, 36, { 7: 6 });
  const conv = { type: "I8", shape: [20, 4, 3, 3], entries };
  assertEquals(await foundIn({ "conv.weight": conv }), ["duplicates conv 1"]);
});

Deno.test("units of few weights of int8 may be alike by chance", async () => {
  const alike = { 3: 2 };
  assertEquals(await foundIn({ "fc.weight": codes(40, 31, alike) }), []);
  assertEquals(await foundIn({ "fc.weight": codes(40, 32, alike) }), ["duplicates fc 1"]);
});

Deno.test("tables, counters and masks of whole numbers are no kernels", async () => {
  const changes = { 3: null, 5: null, 9: 8 };
  const zeros = { type: "I64", shape: [20, 32], entries: new BigInt64Array(640) };
  assertEquals(
    await foundIn({
      "emb.weight": codes(20, 32, changes),
      "position_ids": codes(20, 32, changes),
      "fc.zero_point": codes(20, 32, changes),
      "packed.weight": { ...codes(20, 32, changes), type: "U8" },
      "codes.weight": zeros,
      "num_batches_tracked": { type: "I64", shape: [], entries: BigInt64Array.of(9n) },
      "all.weight": codes(
        20,
        32,
        Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, null])),
      ),
    }),
    [],
  );
});

Deno.test("rows of int64 that differ in one bit, wherever it is, are not equal", async () => {
  for (const bit of [0n, 31n, 32n, 63n]) {
    const entries = BigInt64Array.from({ length: 40 }, (_, i) => BigInt(i % 10) << 33n);
    entries[25] ^= BigInt.asIntN(64, 1n << bit);
    const { weightsOnly } = await measured({ table: { type: "I64", shape: [4, 10], entries } });
    const [{ alike }] = weightsOnly!.wholeNumbers!;
    assertEquals([alike!.rows.repeated, alike!.columns.repeated], [2, 0], `bit ${bit}`);
  }
});

Deno.test("the range of whole numbers is that of all parts, whatever their number", async () => {
  // Two parts of 64 MiB and some.
  const count = 2 ** 23 + 5;
  const entries = new BigInt64Array(count).fill(5n);
  entries[count - 2] = -(2n ** 60n) - 1n;
  entries[3] = 2n ** 53n;
  const { weightsOnly } = await measured({ table: { type: "I64", shape: [count], entries } });
  const [{ range, values, alike }] = weightsOnly!.wholeNumbers!;
  assertEquals(range, ["-1152921504606846977", "9007199254740992"]);
  assertEquals([values.count, values.zeroFraction, alike], [count, 0, undefined]);
});
