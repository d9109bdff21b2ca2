import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import {
  computeAsKeras,
  maskOf,
  reduceRows,
  setMask,
  withMasks,
} from "../../src/model/keras_outputs.ts";
import { assertEquals } from "@std/assert";

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
