import { assertAlmostEquals, assertEquals } from "@std/assert";
import { measureCheckpoint, measureWeights } from "../../src/checkpoint/measure_checkpoint.ts";
import { MAX_WIDTH } from "../../src/engine/native/checkpoint_sweep.ts";
import type { FileTensor, WeightsFile } from "../../src/files/weights_file.ts";

/** A tensor of floats in memory. */
const tensor = (name: string, shape: number[], values: ArrayLike<number>): FileTensor => ({
  name,
  shape,
  type: "float32",
  read: () => Float32Array.from(values),
});

/** Different numbers from -1 to 1. */
const numbers = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * i + 1));

const kernel = (name: string, rows: number, columns: number) =>
  tensor(`${name}.weight`, [rows, columns], numbers(rows * columns));

const file = (tensors: FileTensor[], over: Partial<WeightsFile> = {}): WeightsFile => ({
  path: "models/net.pt",
  format: "PyTorch",
  notes: ["A note."],
  tensors,
  ...over,
} as WeightsFile);

const absent = "no pass was run: the file holds no topology";

Deno.test("measureWeights() says of what no pass was run that it is absent, and nothing else of it", () => {
  const measured = measureWeights(file([
    kernel("one", 3, 4),
    tensor("one.bias", [3], [1, 2, -2]),
    kernel("two", 2, 3),
  ]));
  const { layers: [{ weights, ...layer }, head], ...rest } = measured;
  const none = { count: 0, meanAbs: 0, rms: 0, maxAbs: 0, mean: 0, std: 0, l2: 0 };
  assertEquals(rest, {
    version: 1,
    model: { name: "net", source: "models/net.pt", parameters: 21, layers: 2 },
    engine: { backend: "none", simd: false, relaxedSimd: false, tfjs: "none" },
    batch: {
      examples: 0,
      seed: null,
      inputs: { ...none, zeroFraction: 0, nonFinite: 0 },
      perInput: [],
    },
    objective: { name: "none", value: 0 },
    seed: null,
    weightsOnly: { format: "PyTorch", notes: ["A note."] },
  });
  const figures = ["preActivations", "activations", "activationGradients"];
  const others = ["preActivationGradients", "saturatedFraction", "deadFraction", "spread"];
  const all = [...figures, ...others];
  assertEquals(
    layer,
    {
      name: "one",
      className: "Linear",
      kind: "dense",
      kernelLayout: layer.kernelLayout,
      activation: null,
      depth: 1,
      inputs: [],
      trainable: true,
      role: "hidden",
      calls: 0,
      shape: null,
      ...Object.fromEntries(all.map((name) => [name, null])),
      absent: Object.fromEntries(all.map((name) => [name, absent])),
    } as unknown as typeof layer,
  );
  assertEquals([head.role, head.depth, head.name], ["output", 2, "two"]);
  const [first, bias] = weights;
  assertEquals([first.name, first.shape, first.duplicateUnits, first.zeroUnits], [
    "one/weight",
    [4, 3],
    0,
    0,
  ]);
  assertEquals([bias.name, bias.entries, bias.duplicateUnits, bias.gradients], [
    "one/bias",
    null,
    null,
    null,
  ]);
  assertEquals(bias.absent, { gradients: absent });
  assertAlmostEquals(bias.values.rms, Math.sqrt(3));
});

Deno.test("measureWeights() takes the last kernel for the head, or the last one with such a name", () => {
  const head = (...names: string[]) =>
    measureWeights(file(names.map((name) => kernel(name, 3, 3)))).layers
      .filter(({ role }) => role === "output").map(({ name }) => name);
  assertEquals(head("a", "b"), ["b"]);
  for (const name of ["fc", "head", "classifier1", "net.output", "my_logits", "score2"]) {
    assertEquals(head("a", name, "b"), [name]);
  }
  assertEquals(head("overhead", "b"), ["b"]);
  assertEquals(head("head", "fc", "b"), ["fc"]);
});

Deno.test("measureWeights() writes out the bias of a head up to 1000 classes", () => {
  const entries = (classes: number) =>
    measureWeights(file([
      kernel("head", classes, 2),
      tensor("head.bias", [classes], numbers(classes)),
    ])).layers[0].weights[1].entries?.length;
  assertEquals([entries(2), entries(1000), entries(1001)], [2, 1000, undefined]);
});

Deno.test("measureWeights() counts units and lines that are zero, constant or repeated", () => {
  const rows = [[1, 2, 3], [0, 0, 0], [1, 2, 3], [4, 4, 4], [5, 6, 8]];
  const alikeOf = (rows: number[][]) => {
    const [{ weights: [{ alike, duplicateUnits, zeroUnits }] }] = measureWeights(
      file([tensor("a.weight", [rows.length, rows[0].length], rows.flat())]),
    ).layers;
    return { alike, duplicateUnits, zeroUnits };
  };
  assertEquals(alikeOf(rows), {
    alike: {
      rows: { zero: 1, constant: 1, repeated: 1 },
      columns: { zero: 0, constant: 0, repeated: 0 },
    },
    duplicateUnits: 1,
    zeroUnits: 1,
  });
  assertEquals(alikeOf([rows[0], rows[4]]), { alike: undefined, duplicateUnits: 0, zeroUnits: 0 });
  for (const line of [rows[1], rows[3], rows[0]]) {
    assertEquals(alikeOf([rows[0], rows[4], line]).alike !== undefined, true);
  }
  assertEquals(alikeOf([[1, 0, 2], [3, 0, 4]]).alike?.columns.zero, 1);
  // Columns of this many entries are not compared.
  const wide = Array<number>(MAX_WIDTH + 1).fill(1).with(0, 2);
  assertEquals(alikeOf([wide, wide]).alike, {
    rows: { zero: 0, constant: 0, repeated: 1 },
    columns: { zero: 0, constant: 0, repeated: 0 },
  });
});

Deno.test("measureWeights() gives the place of the first entry that is not finite", () => {
  const at = (values: number[], shape = [2, 3]) =>
    measureWeights(file([tensor("a.weight", shape, values)])).layers[0].weights[0].nonFiniteAt;
  assertEquals(at([1, 2, 3, 4, 5, 6]), undefined);
  assertEquals(at([1, 2, 3, 4, NaN, NaN]), { nan: 2, infinite: 0, first: [1, 1] });
  assertEquals(at([1, 2, -Infinity, 4, NaN, 6]), { nan: 1, infinite: 1, first: [0, 2] });
  assertEquals(at([NaN, 2, 3, 4, 5, Infinity]), { nan: 1, infinite: 1, first: [0, 0] });
});

Deno.test("measureWeights() tells moving statistics from what is trained, and embeddings from kernels", () => {
  const { layers } = measureWeights(file([
    tensor("bn.weight", [3], [1, 2, 3]),
    tensor("bn.bias", [3], [1, 2, 3]),
    tensor("bn.running_mean", [3], [1, 2, 3]),
    tensor("bn.running_var", [3], [1, 2, 3]),
    tensor("embedding.weight", [2, 2], [1, 2, 1, 2]),
    kernel("a", 3, 3),
  ]));
  const weights = layers.flatMap(({ weights }) => weights);
  assertEquals(weights.filter(({ trainable }) => !trainable).map(({ name }) => name), [
    "bn/running_mean",
    "bn/running_var",
  ]);
  const table = weights.find(({ name }) => name.startsWith("embedding"))!;
  assertEquals([table.duplicateUnits, table.alike?.rows.repeated], [null, 1]);
});

Deno.test("measureWeights() describes tensors of whole numbers apart", () => {
  const whole = (name: string, shape: number[], values: number[]): FileTensor => ({
    name,
    shape,
    type: "int8",
    read: () => Float32Array.from(values),
    bytes: () => new Uint8Array(Int8Array.from(values).buffer),
  });
  const { weightsOnly, layers } = measureWeights(file([
    kernel("b", 3, 3),
    whole("a.weight", [2, 3], [1, 2, -3, 1, 2, -3]),
    whole("steps", [4], [7, 7, 7, 7]),
    whole("column", [3, 1], [1, 2, 1]),
    { ...whole("row", [1, 3], [7, 7, 7]), shard: "second.safetensors" },
  ]));
  assertEquals(layers.length, 1);
  const found = weightsOnly!.wholeNumbers!.map(({ values: _, ...rest }) => rest);
  assertEquals(found.map(({ name }) => name), ["a.weight", "column", "row", "steps"]);
  const [a, column, row, steps] = found;
  assertEquals([a.layer, a.units, a.duplicateUnits, a.zeroUnits], ["a", 2, 1, 0]);
  assertEquals(a.alike?.rows.repeated, 1);
  assertEquals([steps.layer, steps.units, steps.alike, steps.range], [
    undefined,
    undefined,
    undefined,
    steps.range,
  ]);
  assertEquals(["alike" in column, "file" in column, "sample" in column], [false, false, false]);
  assertEquals([row.alike?.rows.constant, row.file], [1, "second.safetensors"]);
  assertEquals(row.alike?.columns, { zero: 0, constant: 0, repeated: 0 });
});

Deno.test("measureCheckpoint() says that a sample of small tensors is all of them", async () => {
  const one = file([kernel("a", 3, 3)]);
  const { weightsOnly, layers } = await measureCheckpoint(one, { sample: true, threads: 1 });
  assertEquals(weightsOnly!.sampled, 0);
  assertEquals(weightsOnly!.notes, [
    "A sample would be all: every tensor was read whole.",
    "A note.",
  ]);
  assertEquals(layers, measureWeights(one).layers);
});
