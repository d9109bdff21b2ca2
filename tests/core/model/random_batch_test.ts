import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { exerciseModel, randomBatch } from "../../../src/entry/model.ts";
import { draw } from "./draw_batch.ts";
import { assertRefused } from "../../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("randomBatch() draws 32 standard normal examples, the same for the same seed", () => {
  const model = exerciseModel({ width: 100, depth: 1 });
  const [{ shape, dtype, values }] = draw(model);
  assertEquals([shape, dtype], [[32, 100], "float32"]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assertAlmostEquals(mean, 0, 0.07);
  assertAlmostEquals(square, 1, 0.1);
  assertEquals(draw(model), draw(model, { seed: 0, examples: 32 }));
  assertNotEquals(draw(model), draw(model, { seed: 1 }));
  assertEquals(randomSeed(model), 5);
  model.dispose();
});

function randomSeed(model: LayersModel) {
  const { inputs, seed } = randomBatch(model, { seed: 5 });
  tf.dispose(inputs as Tensor);
  return seed;
}

Deno.test("randomBatch() draws other numbers than the weights of the same seed", () => {
  const model = exerciseModel({ width: 4, depth: 2, std: 1, seed: 3 });
  const kernel = model.layers[1].getWeights()[0].dataSync();
  const [{ values }] = draw(model, { seed: 3, examples: 4 });
  assert(values.every((value) => !kernel.includes(value)));
  model.dispose();
});

Deno.test("randomBatch() takes any input shape and fills open axes with 32", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (shape, examples, undefinedSize) => {
        const model = tf.sequential({
          layers: [tf.layers.activation({ activation: "relu", inputShape: shape })],
        });
        const [input] = draw(model, { examples, undefinedSize });
        assertEquals(input.shape, [examples, ...shape.map((size) => size ?? undefinedSize)]);
      },
    ),
    { numRuns: 40 },
  );
  const model = tf.sequential({
    layers: [tf.layers.gru({ units: 1, inputShape: [null, 2] })],
  });
  assertEquals(draw(model)[0].shape, [32, 32, 2]);
  model.dispose();
});

Deno.test("randomBatch() gives one tensor an input, in the order of the inputs", () => {
  const left = tf.input({ shape: [2] });
  const right = tf.input({ shape: [3], dtype: "int32" });
  const flag = tf.input({ shape: [1], dtype: "bool" });
  const output = tf.layers.concatenate().apply([left, right, flag]) as never;
  const model = tf.model({ inputs: [left, right, flag], outputs: output });
  const drawn = draw(model);
  assertEquals(drawn.map(({ shape, dtype }) => [shape, dtype]), [
    [[32, 2], "float32"],
    [[32, 3], "int32"],
    [[32, 1], "bool"],
  ]);
  assertEquals(new Set(drawn[1].values), new Set([0, 1]));
  assertEquals(new Set(drawn[2].values), new Set([0, 1]));
});

Deno.test("randomBatch() keeps to the batch size that a model is built for", () => {
  const model = tf.sequential({
    name: "steady",
    layers: [tf.layers.lstm({ units: 1, stateful: true, batchInputShape: [4, 3, 2] })],
  });
  assertEquals(draw(model)[0].shape, [4, 3, 2]);
  assertRefused(() => draw(model, { examples: 8 }), {
    place: "examples",
    found: "8",
    expected: '4: model "steady" is built for batches of that size',
  });
  model.dispose();
});

Deno.test("randomBatch() draws each token of a CategoryEncoding", () => {
  const model = tf.sequential({
    layers: [tf.layers.categoryEncoding({ numTokens: 3, inputShape: [1] } as never)],
  });
  assertEquals([...new Set(draw(model, { examples: 64 })[0].values)].sort(), [0, 1, 2]);
  model.dispose();
});

Deno.test("randomBatch() refuses sizes that are none, and leaves no tensor", () => {
  const model = exerciseModel({ width: 3, depth: 1 });
  const tensors = tf.memory().numTensors;
  for (const examples of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => draw(model, { examples }),
      InputError,
      `examples is ${examples}, expected a whole number of at least 1`,
    );
  }
  assertThrows(() => draw(model, { undefinedSize: 0 }), InputError, "undefinedSize is 0");
  assertRefused(
    () => draw(model, { seed: 0.5 }),
    { place: "seed", found: "0.5", expected: "an integer below 2^53 in magnitude" },
  );
  assertThrows(
    () => draw(model, { examples: 2 ** 27 }),
    InputError,
    "inputs of shape [134217728, 3] would take 1.5 GiB of the engine's 4 GiB",
  );
  const wide = tf.sequential({
    layers: [tf.layers.flatten({ batchInputShape: [null, 2 ** 29, 1] })],
  });
  assertThrows(
    () => draw(wide, { examples: 1 }),
    InputError,
    "One example of shape [1, 536870912, 1] takes 2.0 GiB",
  );
  assertRefused(
    () => draw(tf.sequential({ name: "bare" })),
    {
      place: "model",
      found: '"bare", a model without inputs',
      expected: "its first layer to have an inputShape",
    },
  );
  assertThrows(
    () => randomBatch(model, { example: 3 } as never),
    TypeError,
    'randomBatch has no option "example"; did you mean "examples"?',
  );
  assertThrows(
    () => randomBatch(model, { toString: 3 } as never),
    TypeError,
    "expected one of examples, undefinedSize, seed, objective",
  );
  assertThrows(
    () => randomBatch(model, { objective: "meanSquaredEror" }),
    TypeError,
    'hinge_embedding_loss; did you mean "meanSquaredError"?',
  );
  assertEquals(tf.memory().numTensors, tensors);
  model.dispose();
});
