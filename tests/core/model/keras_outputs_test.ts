import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import {
  computeAsKeras,
  logitsOf,
  maskOf,
  reduceRows,
  setLogits,
  setMask,
  withLogits,
  withMasks,
} from "../../../src/core/model/keras_outputs.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine();

Deno.test("reduceRows() leaves masked rows out, unless the mask has another shape", () => {
  tf.tidy(() => {
    const rows: Tensor = tf.tensor1d([1, 2, NaN, 6]);
    const reduced = (mask: Tensor | null) => {
      const output: Tensor = tf.zeros([4, 3]);
      if (mask !== null) setMask(output, mask);
      return (["sum", "mean"] as const).map((how) =>
        reduceRows(tf, rows, output, how).dataSync()[0]
      );
    };
    assertEquals(reduced(tf.tensor1d([1, 1, 0, 1], "bool")), [9, 3]);
    assertEquals(reduced(tf.tensor1d([1, 1, 0, 0], "int32")), [3, 1.5]);
    // No row counts.
    assertEquals(reduced(tf.tensor1d([0, 0, 0, 0], "bool")), [0, 0]);
    assertEquals(reduced(null), [NaN, NaN]);
    assertEquals(reduced(tf.tensor2d([[1], [1], [0], [1]], [4, 1], "bool")), [NaN, NaN]);
  });
});

Deno.test("maskOf() forgets a mask that was freed", () => {
  const output: Tensor = tf.zeros([2]);
  assertEquals(maskOf(output), null);
  const mask: Tensor = tf.tensor1d([1, 0], "bool");
  setMask(output, mask);
  assertEquals(maskOf(output), mask);
  mask.dispose();
  assertEquals(maskOf(output), null);
  output.dispose();
});

Deno.test("withMasks() keeps the masks of outputs for models of Keras, and frees the others", () => {
  const model = tf.sequential({
    layers: [
      tf.layers.masking({ inputShape: [2, 1] }),
      tf.layers.simpleRNN({ units: 1, returnSequences: true }),
    ],
  });
  const x = tf.tensor3d([[[0], [1]], [[2], [3]]]);
  const run = () => {
    let entries: number[] | null = null;
    tf.tidy(() => {
      const outputs = withMasks(tf, model, () => [model.apply(x) as Tensor]);
      const mask = maskOf(outputs[0]);
      if (mask !== null) entries = [...mask.dataSync()];
    });
    return entries;
  };
  const held = tf.memory().numTensors;
  assertEquals(run(), null);
  computeAsKeras(model);
  assertEquals(run(), [0, 1, 1, 1]);
  assertEquals(tf.memory().numTensors, held);
  tf.dispose(x);
  model.dispose();
});

/** Returns the logits of one pass, or `null`, and the outputs. */
function run(model: LayersModel, x: Tensor) {
  let logits: number[] | null = null;
  let outputs: number[] = [];
  tf.tidy(() => {
    const [output] = withLogits(tf, model, () => [model.apply(x) as Tensor]);
    const kept = logitsOf(output);
    if (kept !== null) logits = [...kept.dataSync()];
    outputs = [...output.dataSync()];
  });
  return { logits: logits as number[] | null, outputs };
}

const kernel = () => tf.initializers.constant({ value: 0.5 });

Deno.test("withLogits() keeps what the last softmax or sigmoid of a model of Keras was computed from", () => {
  const dense = (activation?: "softmax" | "sigmoid" | "relu") =>
    tf.layers.dense({ units: 2, activation, kernelInitializer: kernel(), inputShape: [2] });
  const rows: [name: string, layers: () => LayersModel["layers"], isKept: boolean][] = [
    ["softmax", () => [dense("softmax")], true],
    ["sigmoid", () => [dense("sigmoid")], true],
    ["relu", () => [dense("relu")], false],
    ["linear", () => [dense()], false],
    ["a layer of softmax", () => [dense(), tf.layers.softmax()], true],
    ["an activation", () => [dense(), tf.layers.activation({ activation: "softmax" })], true],
    ["a softmax within", () => [dense("softmax"), tf.layers.dense({ units: 2 })], false],
    ["a model within", () => [tf.sequential({ layers: [dense("softmax")] })], true],
  ];
  const x = tf.tensor2d([[1, 2], [-3, 1]]);
  for (const [name, layers, isKept] of rows) {
    const model = tf.sequential({ layers: layers() });
    assertEquals(run(model, x).logits, null, `${name}, not of Keras`);
    computeAsKeras(model);
    const held = tf.memory().numTensors;
    const { logits, outputs } = run(model, x);
    assertEquals(tf.memory().numTensors, held, name);
    assertEquals(logits, isKept ? [1.5, 1.5, -1, -1] : null, name);
    if (name === "sigmoid") assertAlmostEquals(outputs[0], 1 / (1 + Math.exp(-1.5)), 1e-6);
    model.dispose();
  }
  x.dispose();
});

Deno.test("logitsOf() forgets logits that were freed", () => {
  const output: Tensor = tf.zeros([1]);
  assertEquals(logitsOf(output), null);
  const logits: Tensor = tf.zeros([1]);
  setLogits(output, logits);
  assertEquals(logitsOf(output), logits);
  logits.dispose();
  assertEquals(logitsOf(output), null);
  output.dispose();
});
