import { assert, assertEquals, assertRejects } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../src/engine/mod.ts";
import {
  BatchError,
  exerciseModel,
  readBatch,
  type ReadBatchOptions,
} from "../../src/entry/model.ts";
import { assertRefusedLater } from "../assert_refused.ts";

const { tf } = await startEngine();

/** Reads a batch from a file of this text; tensors are read and disposed. */
async function read(model: LayersModel, text: string, options: ReadBatchOptions = {}) {
  const path = await Deno.makeTempFile({ prefix: "batch #1 ", suffix: ".json" });
  try {
    await Deno.writeTextFile(path, text);
    const batch = await readBatch(path, model, options);
    const show = (tensor: Tensor) => [tensor.dtype, tensor.shape, [...tensor.dataSync()]];
    const shown = {
      inputs: [batch.inputs].flat().map(show),
      targets: batch.targets && [batch.targets].flat().map(show),
      seed: batch.seed,
    };
    tf.dispose([batch.inputs, batch.targets ?? []].flat());
    return shown;
  } catch (error) {
    if (error instanceof BatchError) {
      assert(error.message.startsWith(`${path}: `), error.message);
      error.message = error.message.slice(path.length + 2);
      error.place = error.place.slice(path.length + 2);
    }
    throw error;
  } finally {
    await Deno.remove(path);
  }
}

const two = exerciseModel({ width: 2, depth: 1 });

Deno.test("readBatch() reads nested arrays, and shape with values", async () => {
  const expected = {
    inputs: [["float32", [3, 2], [1, 2, 3, 4, 5, 6]]],
    targets: [["float32", [3, 1], [7, 8, 9]]],
    seed: null,
  };
  const nested = '{"inputs": [[1,2],[3,4],[5,6]], "targets": [[7],[8],[9]]}';
  const flat = '{"inputs": {"shape": [3,2], "values": [1,2,3,4,5,6]}, ' +
    '"targets": {"shape": [3,1], "values": [7,8,9]}}';
  assertEquals(await read(two, nested), expected as never);
  assertEquals(await read(two, flat), expected as never);
});

Deno.test("readBatch() reads numbers that JSON does not have, and no targets", async () => {
  const { inputs, targets } = await read(
    two,
    '{"inputs": [["NaN", "Infinity"], ["-Infinity", -1e-3]]}',
  );
  assertEquals(inputs[0][2], [NaN, Infinity, -Infinity, Math.fround(-1e-3)]);
  assertEquals(targets, null);
});

Deno.test("readBatch() reads several inputs in order or by name", async () => {
  const left = tf.input({ shape: [1], name: "left" });
  const right = tf.input({ shape: [2], name: "right", dtype: "int32" });
  const outputs = tf.layers.concatenate().apply([left, right]) as never;
  const model = tf.model({ inputs: [left, right], outputs });
  const expected = [["float32", [1, 1], [0.5]], ["int32", [1, 2], [3, 4]]];
  const named = '{"inputs": {"right": {"shape": [1,2], "values": [3,4]}, "left": [[0.5]]}}';
  assertEquals((await read(model, named)).inputs, expected as never);
  assertEquals((await read(model, '{"inputs": [[[0.5]], [[3,4]]]}')).inputs, expected as never);
  const names = '"left", "right"';
  const cases: Record<string, [place: string, found: string, expected: string]> = {
    '{"inputs": [[1]]}': ["inputs", "an array of 1 item", `an array of 2: ${names}`],
    '{"inputs": {"left": [[1]]}}': ["inputs", 'no "right"', names],
    '{"inputs": {"left": [[1]], "rihgt": [[1, 2]]}}': ["inputs", '"rihgt"', names],
    '{"inputs": [[[1], [2]], [[3, 4]]]}': ["inputs[1]", "1 example", "2 as inputs[0] has"],
    '{"inputs": [[[1]], [[3, 4.5]]]}': ["inputs[1] at [0, 1]", "4.5", "a whole number"],
  };
  for (const [text, [place, found, expected]] of Object.entries(cases)) {
    await assertRefusedLater(() => read(model, text), { place, found, expected }, BatchError);
  }
});

Deno.test("readBatch() reads class numbers as targets of a softmax head", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [1] })] });
  for (const targets of ["[2, 0]", "[[2], [0]]", "[[0, 0, 1], [1, 0, 0]]"]) {
    await read(model, `{"inputs": [[1], [2]], "targets": ${targets}}`);
  }
  const error = await assertRejects(
    () => read(model, '{"inputs": [[1], [2]], "targets": [[1, 2], [1, 2]]}'),
    BatchError,
  );
  assertEquals(
    error.message,
    `targets has shape [2, 2], expected [any, 3] as model "${model.name}" outputs`,
  );
  model.dispose();
});

Deno.test("readBatch() takes the targets that the objective takes", async () => {
  const dense = (units: number) =>
    tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [1] })] });
  const one = dense(1), three = dense(3);
  const text = (targets: string) => `{"inputs": [[1], [2]], "targets": ${targets}}`;
  const sparse = { objective: "sparseCategoricalCrossentropy" } as const;
  const mse = { objective: "meanSquaredError" } as const;
  const classes = { objective: "categoricalCrossentropy" } as const;
  await read(one, text("[0.5, 1]"), mse);
  await read(one, text("[[0.5], [1]]"), mse);
  await read(three, text("[2, 0]"), sparse);
  await read(three, text("[[2], [0]]"), sparse);
  await read(three, text("[1, 2]"), { objective: () => tf.scalar(0) });
  const refused: [LayersModel, string, ReadBatchOptions, string][] = [
    [three, "[2, 0]", mse, `[2], expected [any, 3] as model "${three.name}" outputs`],
    [three, "[[2], [0]]", mse, `[2, 1], expected [any, 3] as model "${three.name}" outputs`],
    ...["[2, 0]", "[[2], [0]]"].map((
      targets,
    ): [LayersModel, string, ReadBatchOptions, string] => [
      three,
      targets,
      classes,
      `${targets === "[2, 0]" ? "[2]" : "[2, 1]"}, expected [any, 3] as model "${three.name}" ` +
      "outputs; class numbers take the objective sparseCategoricalCrossentropy",
    ]),
    [one, "[[[0]], [[1]]]", mse, `[2, 1, 1], expected [any, 1] as model "${one.name}" outputs`],
    [
      three,
      "[[0, 0, 1], [1, 0, 0]]",
      sparse,
      "[2, 3], expected [any, 1] of class numbers as sparseCategoricalCrossentropy takes",
    ],
  ];
  for (const [model, targets, options, message] of refused) {
    const error = await assertRejects(() => read(model, text(targets), options), BatchError);
    assertEquals(error.message, `targets has shape ${message}`);
  }
  one.dispose();
  three.dispose();
});

Deno.test("readBatch() leaves targets as a loss of PyTorch broadcasts them, and says what it refuses", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  const text = '{"inputs": [[1], [2]], "targets": [0.5, 1]}';
  const { targets } = await read(model, text, { objective: "mse_loss" });
  assertEquals(targets, [["float32", [2], [0.5, 1]]]);
  const error = await assertRejects(() => read(model, text, { objective: "bce_loss" }), BatchError);
  assertEquals(
    error.message,
    `targets has shape [2], expected [any, 1] as model "${model.name}" outputs; ` +
      "PyTorch refuses this shape, too",
  );
  model.dispose();
});

Deno.test("readBatch() knows what an embedding can look up", async () => {
  const model = tf.sequential({
    layers: [tf.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: 2, maskZero: true })],
  });
  await read(model, '{"inputs": [[0, 4]]}');
  for (const [entry, found] of [["5", "5"], ["-1", "-1"], ["1.5", "1.5"], ['"NaN"', "NaN"]]) {
    const expected = "a whole number from 0 to 4, which the model looks up";
    const text = `{"inputs": [[0, 1], [2, ${entry}]]}`;
    const parts = { place: "inputs at [1, 1]", found, expected };
    await assertRefusedLater(() => read(model, text), parts, BatchError);
  }
  model.dispose();
});

Deno.test("readBatch() takes the whole numbers of int32 where an input has them, looked up or not", async () => {
  const input = tf.input({ shape: [1], dtype: "int32" });
  const model = tf.model({
    inputs: input,
    outputs: tf.layers.reshape({ targetShape: [1] }).apply(input) as typeof input,
  });
  const least = -(2 ** 31);
  const most = 2 ** 31 - 1;
  const { inputs } = await read(model, `{"inputs": [[${least}], [${most}], [0]]}`);
  assertEquals(inputs, [["int32", [3, 1], [least, most, 0]]]);
  for (const entry of [least - 1, most + 1, 2 ** 40, 0.5]) {
    // There is no table, so that the message names none.
    const parts = { place: "inputs at [1, 0]", found: `${entry}`, expected: "a whole number" };
    await assertRefusedLater(() => read(model, `{"inputs": [[1], [${entry}]]}`), parts, BatchError);
  }
  model.dispose();
});

const unusable: Record<string, [place: string, found: string, expected: string]> = {
  "[1]": ["The file", "an array of 1 item", '{"inputs", "targets"}'],
  "null": ["The file", "null", '{"inputs", "targets"}'],
  "{}": ['"inputs"', "missing", 'a nested array or {"shape", "values"}'],
  '{"input": [[1, 2]]}': ['"input"', "not a key of a batch", '"inputs" and "targets"'],
  '{"inputs": "abc"}': ["inputs", '"abc"', 'a nested array or {"shape", "values"}'],
  '{"inputs": [[1, 2], [3, "four"]]}': [
    "inputs[1][1]",
    '"four"',
    'a number (or "NaN", "Infinity", "-Infinity")',
  ],
  '{"inputs": [[1, 2], [3, null]]}': [
    "inputs[1][1]",
    "null",
    'a number (or "NaN", "Infinity", "-Infinity")',
  ],
  '{"inputs": [[1, 2], [3, [4]]]}': [
    "inputs[1][1]",
    "an array of 1 item",
    'a number (or "NaN", "Infinity", "-Infinity")',
  ],
  '{"inputs": [[1, 2], [3]]}': [
    "inputs[1]",
    "an array of 1 item",
    "an array of 2 like the first one",
  ],
  '{"inputs": [[1, 2], 3]}': ["inputs[1]", "3", "an array of 2 like the first one"],
  '{"inputs": [[1, 1e39]]}': ["inputs[0][1]", "1e+39", "a number in the range of float32 (3.4e38)"],
  '{"inputs": [[1, 1e400]]}': [
    "inputs[0][1]",
    "too large",
    "a number in the range of float32 (3.4e38)",
  ],
  '{"inputs": [[-1e400, 1]]}': [
    "inputs[0][0]",
    "too large",
    "a number in the range of float32 (3.4e38)",
  ],
  '{"inputs": [1, 2]}': ["inputs", "shape [2]", '[any, 2] as model "exercise" takes'],
  '{"inputs": [[1, 2, 3]]}': ["inputs", "shape [1, 3]", '[any, 2] as model "exercise" takes'],
  '{"inputs": []}': ["inputs", "shape [0]", '[any, 2] as model "exercise" takes'],
  '{"inputs": {"shape": [0, 2], "values": []}}': ["inputs", "shape [0, 2]", "at least one entry"],
  '{"inputs": [[[[[[[1]]]]]]]}': ["inputs", "nested 7 deep", "at most 6"],
  '{"inputs": {"shape": [1, 2], "values": [1]}}': [
    "inputs.values",
    "an array of 1 item",
    "an array of 2 numbers for shape [1, 2]",
  ],
  '{"inputs": {"shape": [1, 2]}}': [
    "inputs.values",
    "missing",
    "an array of 2 numbers for shape [1, 2]",
  ],
  '{"inputs": {"shape": [1, -2], "values": []}}': [
    "inputs.shape",
    "[1,-2]",
    "an array of at most 6 whole numbers",
  ],
  '{"inputs": {"values": []}}': ["inputs.shape", "missing", "an array of at most 6 whole numbers"],
  '{"inputs": {"shape": ["\\u202e", 1], "values": []}}': [
    "inputs.shape",
    '["\\u{202e}",1]',
    "an array of at most 6 whole numbers",
  ],
  '{"inputs": {"shape": [1, 2], "values": [1, "x"]}}': [
    "inputs.values[1]",
    '"x"',
    'a number (or "NaN", "Infinity", "-Infinity")',
  ],
  '{"inputs": [[1, 2]], "targets": [[1], [2]]}': ["targets", "2 examples", "1 as inputs has"],
};
for (const [text, [place, found, expected]] of Object.entries(unusable)) {
  Deno.test(`readBatch() refuses ${text}`, async () => {
    const tensors = tf.memory().numTensors;
    await assertRefusedLater(() => read(two, text), { place, found, expected }, BatchError);
    assertEquals(tf.memory().numTensors, tensors);
  });
}

Deno.test("readBatch() refuses another number of examples than the model is built for", async () => {
  const fixed = tf.sequential({
    layers: [tf.layers.flatten({ batchInputShape: [2, 1, 1] })],
    name: "fixed",
  });
  await read(fixed, '{"inputs": [[[1]], [[2]]]}');
  assertEquals(
    (await assertRejects(() => read(fixed, '{"inputs": [[[1]]]}'), BatchError)).message,
    'inputs has shape [1, 1, 1], expected [2, 1, 1] as model "fixed" takes',
  );
  fixed.dispose();
});

Deno.test("readBatch() says what is wrong with the file itself", async () => {
  const missing = await assertRejects(() => readBatch("/no/batch.json", two), BatchError);
  assertEquals(missing.message, "/no/batch.json: there is no such file");
  const folder = await assertRejects(() => readBatch("/tmp", two), BatchError);
  assertEquals(
    folder.message,
    "/tmp: The path is a folder, expected a file: a folder of pictures is for a model that takes " +
      'pictures of 1, 3 or 4 channels, and "exercise" takes [any, 2]',
  );
  const text = await assertRejects(() => read(two, '{"inputs": [[1, 2'), BatchError);
  assert(text.message.startsWith("the file is not valid JSON: "), text.message);
  assert(!text.message.includes("\n"));
});
