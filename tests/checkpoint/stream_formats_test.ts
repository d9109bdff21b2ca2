import { withFolder } from "../core/model/save_model.ts";
import { startEngine } from "../../src/engine/mod.ts";
import {
  type FileTensor,
  getWeights,
  loadModel,
  ModelError,
  readWeights,
  type WeightsFile,
} from "../../src/entry/model.ts";
import { readKerasTensors } from "../../src/keras/files/keras_file.ts";
import { byteSource, readInto } from "../../src/files/byte_source.ts";
import { openZip } from "../../src/files/unzip.ts";
import { writeZip } from "../../src/files/zip.ts";
import { decode } from "../../src/files/file_types.ts";
import { BYTES } from "../../src/ground/traits/number_types.ts";
import { readProgramTensors } from "../../src/torch/program/open_program.ts";
import { measureCheckpoint, measureWeights } from "../../src/entry/measure.ts";
import { writeSparseHdf5, writeSparseManifest, writeSparseNpz } from "./write_sparse.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

/** Arrays of more than 64 MiB, which are not read at once; the first one reaches over two shards. */
const ARRAYS = [
  { name: "0", shape: [5000, 4096], first: [1, -2, NaN, 3, Infinity] },
  { name: "1", shape: [4096], first: [0.5, 0.25] },
];

/** Checks that nothing but pieces of a file is read, and returns what is measured. */
async function streamed(file: WeightsFile) {
  const tensors = file.tensors.map((tensor) => {
    assert(tensor.stored !== undefined, tensor.name);
    return {
      ...tensor,
      read(): never {
        throw new Error(`${tensor.name} is held whole`);
      },
    };
  });
  // A small bias of the head is shown entry by entry.
  const { layers } = await measureCheckpoint({ ...file, tensors });
  return layers.flatMap(({ name, className, weights }) =>
    weights.map((weight) => ({ layer: `${name} ${className}`, ...weight }))
  );
}

function requireFigures(weights: Awaited<ReturnType<typeof streamed>>, layer: string) {
  assertEquals(weights.map((one) => one.layer), [layer, layer]);
  const [kernel, bias] = weights;
  assertEquals(kernel.shape, [5000, 4096]);
  assertEquals(kernel.values.count, 5000 * 4096);
  assertEquals(kernel.values.maxAbs, 3);
  assertEquals(kernel.values.l2, Math.sqrt(1 + 4 + 9));
  assertEquals(kernel.nonFiniteAt, { nan: 1, infinite: 1, first: [0, 2] });
  assertEquals(bias.values.maxAbs, 0.5);
  assertEquals(bias.values.l2, Math.sqrt(0.25 + 0.0625));
}

Deno.test("readWeights() streams an .npz", () =>
  withFolder(async (folder) => {
    const names = ["dense/kernel", "dense/bias"];
    await writeSparseNpz(`${folder}/a.npz`, ARRAYS.map((one, i) => ({ ...one, name: names[i] })));
    const file = await readWeights(`${folder}/a.npz`);
    assertEquals([file.format, file.layout], ["NumPy", "keras"]);
    requireFigures(await streamed(file), "dense Dense");
  }));

Deno.test("readWeights() streams a .weights.h5, and reads pages of its headers", () =>
  withFolder(async (folder) => {
    await writeSparseHdf5(`${folder}/a.weights.h5`, ARRAYS);
    const file = await readWeights(`${folder}/a.weights.h5`);
    assertEquals([file.format, file.layout], ["Keras", "keras"]);
    requireFigures(await streamed(file), "dense Dense");
  }));

Deno.test("readWeights() streams the shards of a model.json, whose tensors reach over several", () =>
  withFolder(async (folder) => {
    const names = ["dense/kernel", "dense/bias"];
    const arrays = ARRAYS.map((one, i) => ({ ...one, name: names[i] }));
    const path = await writeSparseManifest(folder, arrays, 40_000_006);
    const file = await readWeights(path);
    assertEquals([file.format, file.layout], ["TensorFlow.js", "keras"]);
    requireFigures(await streamed(file), "dense Dense");
    const { weightsManifest } = JSON.parse(await Deno.readTextFile(path));
    const alone = `${folder}/a-weights_manifest.json`;
    await Deno.writeTextFile(alone, JSON.stringify(weightsManifest));
    requireFigures(await streamed(await readWeights(alone)), "dense Dense");
    await Deno.truncate(`${folder}/group1-shard2of3.bin`, 3);
    const error = await assertRejects(() => readWeights(path), ModelError);
    assert(error.message.includes("truncated"), error.message);
  }));

Deno.test("readWeights() reads headers of arrays beyond 2^32 bytes", () =>
  withFolder(async (folder) => {
    const far = [
      { name: "0", shape: [2 ** 18, 2 ** 14], first: [1] },
      { name: "1", shape: [2 ** 14], first: [7] },
    ];
    await writeSparseNpz(`${folder}/a.npz`, far);
    await writeSparseHdf5(`${folder}/a.weights.h5`, far);
    for (const name of ["a.npz", "a.weights.h5"]) {
      const { tensors } = await readWeights(`${folder}/${name}`);
      assertEquals(tensors.map(({ shape }) => shape), far.map(({ shape }) => shape));
      const { file, offset } = tensors[1].stored!;
      const bytes = new Uint8Array(8);
      readInto(file, offset, bytes);
      assertEquals([...new Float32Array(bytes.buffer)], [7, 0], name);
    }
  }));

/** Checks that tensors are stored where `read()` has them. */
function requireStored(tensors: readonly FileTensor[]) {
  assert(tensors.length > 3);
  for (const { type, shape, stored, read } of tensors) {
    const bytes = new Uint8Array(BYTES[type] * shape.reduce((a, b) => a * b, 1));
    readInto(stored!.file, stored!.offset, bytes);
    assertEquals(decode(bytes, type), read());
  }
}

for (const name of ["mlp_pickled", "sequence"]) {
  Deno.test(`tensors of ${name}.pt2 are stored where read() has them`, async () => {
    requireStored(readProgramTensors(await byteSource(`fixtures/torch_programs/${name}.pt2`)));
  });
}

Deno.test("tensors of a .keras that is not packed are stored where read() has them", () =>
  withFolder(async (folder) => {
    const packed = openZip(
      await Deno.readFile("fixtures/files/keras/attention.keras"),
      ModelError,
    );
    const files = [...packed.values()].map(({ name, read }) => ({ path: name, bytes: read() }));
    await Deno.writeFile(`${folder}/a.keras`, writeZip(files));
    requireStored(readKerasTensors(await byteSource(`${folder}/a.keras`)).tensors);
  }));

const KERAS = ["attention", "bidirectional", "activations"];

for (const name of KERAS) {
  Deno.test(`readWeights() has the weights of ${name}.keras that loadModel() has`, async () => {
    await using engine = await startEngine();
    const before = engine.tf.memory().numTensors;
    const path = `fixtures/files/keras/${name}.keras`;
    const { model } = await loadModel(path);
    const print = (entries: ArrayLike<number>) => Array.from(entries).join();
    const theirs = Object.values(await getWeights(model)).map(({ values }) => print(values));
    model.dispose();
    const { tensors } = await readWeights(path);
    assertEquals(tensors.map(({ read }) => print(read())).sort(), theirs.sort());
    assertEquals(engine.tf.memory().numTensors, before);
  });
}

/** A layer of Keras of one kernel, in which two units are equal and one is zero. */
function planted(shape: number[], unitOf: (index: number) => number) {
  const count = shape.reduce((a, b) => a * b, 1);
  const seen = new Map<number, number>();
  return Float32Array.from({ length: count }, (_, i) => {
    const unit = unitOf(i);
    const place = seen.get(unit) ?? 0;
    seen.set(unit, place + 1);
    if (unit === 2) return 0;
    return Math.sin(1 + place + 1000 * (unit === 1 ? 0 : unit));
  });
}

for (
  const { layer, shape, unitOf } of [
    { layer: "dense", shape: [6, 5], unitOf: (i: number) => i % 5 },
    { layer: "conv2d", shape: [3, 3, 2, 5], unitOf: (i: number) => i % 5 },
    {
      layer: "conv2d_transpose",
      shape: [3, 3, 5, 2],
      unitOf: (i: number) => Math.floor(i / 2) % 5,
    },
    { layer: "depthwise_conv2d", shape: [3, 3, 5, 2], unitOf: (i: number) => i % 10 },
    { layer: "attention/query", shape: [6, 2, 5], unitOf: (i: number) => i % 10 },
    { layer: "attention/attention_output", shape: [2, 5, 7], unitOf: (i: number) => i % 7 },
  ]
) {
  Deno.test(`measureWeights() finds the units of ${layer} along the axes of Keras`, () => {
    const values = planted(shape, unitOf);
    const { layers: [{ weights }] } = measureWeights({
      path: "a.npz",
      format: "Keras",
      layout: "keras",
      notes: [],
      tensors: [{ name: `${layer}/vars/0`, shape, type: "float32", read: () => values }],
    });
    const [{ duplicateUnits, zeroUnits, shape: measured }] = weights;
    assertEquals({ duplicateUnits, zeroUnits, shape: measured }, {
      duplicateUnits: 1,
      zeroUnits: 1,
      shape,
    });
  });
}
