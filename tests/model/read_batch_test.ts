import { assert, assertEquals, assertRejects } from "@std/assert";
import { type LayersModel, startEngine, type Tensor } from "../../src/engine/mod.ts";
import { BatchError, exerciseModel, readBatch, type ReadBatchOptions } from "../../src/load/mod.ts";

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
  const cases = {
    '{"inputs": [[1]]}': 'inputs is an array of 1 item, expected an array of 2: "left", "right"',
    '{"inputs": {"left": [[1]]}}': 'inputs has no "right", expected "left", "right"',
    '{"inputs": {"left": [[1]], "rihgt": [[1, 2]]}}':
      'inputs has "rihgt", expected "left", "right"',
    '{"inputs": [[[1], [2]], [[3, 4]]]}': "inputs[1] has 1 example, expected 2 as inputs[0] has",
    '{"inputs": [[[1]], [[3, 4.5]]]}': "inputs[1] at [0, 1] is 4.5, expected a whole number",
  };
  for (const [text, message] of Object.entries(cases)) {
    assertEquals((await assertRejects(() => read(model, text), BatchError)).message, message);
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

Deno.test("readBatch() knows what an embedding can look up", async () => {
  const model = tf.sequential({
    layers: [tf.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: 2, maskZero: true })],
  });
  await read(model, '{"inputs": [[0, 4]]}');
  for (const [entry, found] of [["5", "5"], ["-1", "-1"], ["1.5", "1.5"], ['"NaN"', "NaN"]]) {
    const error = await assertRejects(
      () => read(model, `{"inputs": [[0, 1], [2, ${entry}]]}`),
      BatchError,
    );
    assertEquals(
      error.message,
      `inputs at [1, 1] is ${found}, expected a whole number from 0 to 4, which the model looks up`,
    );
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
    const error = await assertRejects(
      () => read(model, `{"inputs": [[1], [${entry}]]}`),
      BatchError,
    );
    // There is no table, so that the message names none.
    assertEquals(error.message, `inputs at [1, 0] is ${entry}, expected a whole number`);
  }
  model.dispose();
});

const unusable: Record<string, string> = {
  "[1]": 'The file holds an array of 1 item, expected {"inputs", "targets"}',
  "null": 'The file holds null, expected {"inputs", "targets"}',
  "{}": '"inputs" is missing',
  '{"input": [[1, 2]]}':
    '"input" is not a key of a batch, expected "inputs" and "targets"; did you mean "inputs"?',
  '{"inputs": "abc"}': 'inputs is "abc", expected a nested array or {"shape", "values"}',
  '{"inputs": [[1, 2], [3, "four"]]}':
    'inputs[1][1] is "four", expected a number (or "NaN", "Infinity", "-Infinity")',
  '{"inputs": [[1, 2], [3, null]]}':
    'inputs[1][1] is null, expected a number (or "NaN", "Infinity", "-Infinity")',
  '{"inputs": [[1, 2], [3, [4]]]}':
    'inputs[1][1] is an array of 1 item, expected a number (or "NaN", "Infinity", "-Infinity")',
  '{"inputs": [[1, 2], [3]]}':
    "inputs[1] is an array of 1 item, expected an array of 2 like the first one",
  '{"inputs": [[1, 2], 3]}': "inputs[1] is 3, expected an array of 2 like the first one",
  '{"inputs": [[1, 1e39]]}': "inputs[0][1] is 1e+39, beyond the range of float32 (3.4e38)",
  '{"inputs": [[1, 1e400]]}': "inputs[0][1] is too large, beyond the range of float32 (3.4e38)",
  '{"inputs": [[-1e400, 1]]}': "inputs[0][0] is too large, beyond the range of float32 (3.4e38)",
  '{"inputs": [1, 2]}': 'inputs has shape [2], expected [any, 2] as model "exercise" takes',
  '{"inputs": [[1, 2, 3]]}': 'inputs has shape [1, 3], expected [any, 2] as model "exercise" takes',
  '{"inputs": []}': 'inputs has shape [0], expected [any, 2] as model "exercise" takes',
  '{"inputs": {"shape": [0, 2], "values": []}}': "inputs has shape [0, 2]: it is empty",
  '{"inputs": [[[[[[[1]]]]]]]}': "inputs is nested 7 deep, expected at most 6",
  '{"inputs": {"shape": [1, 2], "values": [1]}}':
    "inputs.values is an array of 1 item, expected an array of 2 numbers for shape [1, 2]",
  '{"inputs": {"shape": [1, 2]}}':
    "inputs.values is missing, expected an array of 2 numbers for shape [1, 2]",
  '{"inputs": {"shape": [1, -2], "values": []}}':
    "inputs.shape is [1,-2], expected an array of at most 6 whole numbers",
  '{"inputs": {"values": []}}':
    "inputs.shape is missing, expected an array of at most 6 whole numbers",
  '{"inputs": {"shape": ["\\u202e", 1], "values": []}}':
    'inputs.shape is ["\\u{202e}",1], expected an array of at most 6 whole numbers',
  '{"inputs": {"shape": [1, 2], "values": [1, "x"]}}':
    'inputs.values[1] is "x", expected a number (or "NaN", "Infinity", "-Infinity")',
  '{"inputs": [[1, 2]], "targets": [[1], [2]]}': "targets has 2 examples, expected 1 as inputs has",
};
for (const [text, message] of Object.entries(unusable)) {
  Deno.test(`readBatch() refuses ${text}`, async () => {
    const tensors = tf.memory().numTensors;
    assertEquals((await assertRejects(() => read(two, text), BatchError)).message, message);
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
    "/tmp: The path leads to a folder, expected a file: a folder of pictures is for a model that takes " +
      'pictures, and "exercise" takes [any, 2]',
  );
  const text = await assertRejects(() => read(two, '{"inputs": [[1, 2'), BatchError);
  assert(text.message.startsWith("the file is not valid JSON: "), text.message);
  assert(!text.message.includes("\n"));
});
