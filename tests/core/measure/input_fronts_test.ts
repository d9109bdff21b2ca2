import { assertEquals } from "@std/assert";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";

const inputShape = [8, 8, 1];

/** Returns the layers that scale each input, and whether its rows have norm 1. */
async function fronts(
  make: (tf: TensorFlow) => LayersModel,
  inputs: (tf: TensorFlow) => Tensor | Tensor[] = (tf) => tf.ones([8, ...inputShape]),
) {
  await using engine = await startEngine();
  const measurements = await measure(make(engine.tf), { inputs: inputs(engine.tf) });
  return measurements.batch.perInput.map(({ scaledBy, unitRows }) => scaledBy ?? unitRows ?? null);
}

const behind = (tf: TensorFlow, ...front: Layer[]) =>
  tf.sequential({ layers: [...front, tf.layers.flatten(), tf.layers.dense({ units: 2 })] });

/** Layers whose types TensorFlow.js leaves out. */
// deno-lint-ignore no-explicit-any
const layersOf = (tf: TensorFlow): any => tf.layers;

const rescaling = (tf: TensorFlow, given = {}): Layer =>
  layersOf(tf).rescaling({ scale: 1 / 255, name: "scale", ...given });

Deno.test("measure() names the layer at the front that scales an input", async () => {
  assertEquals(await fronts((tf) => behind(tf, rescaling(tf, { inputShape }))), [["scale"]]);
  const normalised = (tf: TensorFlow) =>
    behind(
      tf,
      tf.layers.reshape({ targetShape: [8, 8], inputShape }),
      tf.layers.dropout({ rate: 0.1 }),
      tf.layers.layerNormalization({ name: "norm" }),
    );
  assertEquals(await fronts(normalised), [["norm"]]);
  // The output of the last of several in a row counts.
  const twice = (tf: TensorFlow) =>
    behind(tf, rescaling(tf, { inputShape }), tf.layers.batchNormalization({ name: "norm" }));
  assertEquals(await fronts(twice), [["norm"]]);
  const alone = (tf: TensorFlow) => tf.sequential({ layers: [rescaling(tf, { inputShape })] });
  assertEquals(await fronts(alone), [["scale"]]);
  // Where only one of two ways scales once more, it is the first that all ways have.
  const split = (tf: TensorFlow) => {
    const input = tf.input({ shape: inputShape });
    const scaled = rescaling(tf).apply(input) as typeof input;
    const again = tf.layers.batchNormalization({ name: "norm" }).apply(scaled) as typeof input;
    const sum = tf.layers.add().apply([scaled, again]) as typeof input;
    return tf.model({ inputs: input, outputs: sum });
  };
  assertEquals(await fronts(split), [["scale"]]);
});

Deno.test("measure() finds what scales an input in and behind nested models", async () => {
  const nested = (tf: TensorFlow) =>
    behind(tf, tf.sequential({ name: "prep", layers: [rescaling(tf, { inputShape })] }));
  assertEquals(await fronts(nested), [["prep/scale"]]);
  const augmented = (tf: TensorFlow) => {
    const crop = layersOf(tf).centerCrop({ height: 8, width: 8, inputShape });
    return behind(tf, tf.sequential({ layers: [crop] }), rescaling(tf));
  };
  assertEquals(await fronts(augmented), [["scale"]]);
});

Deno.test("measure() names no front where something else sees the input as it is", async () => {
  assertEquals(
    await fronts((tf) => behind(tf, tf.layers.activation({ activation: "relu", inputShape }))),
    [null],
  );
  const skipped = (tf: TensorFlow) => {
    const input = tf.input({ shape: inputShape });
    const scaled = rescaling(tf).apply(input) as typeof input;
    const sum = tf.layers.add().apply([scaled, input]) as typeof input;
    return tf.model({ inputs: input, outputs: sum });
  };
  assertEquals(await fronts(skipped), [null]);
  const two = (tf: TensorFlow) => {
    const inputs = [0, 1].map(() => tf.input({ shape: inputShape }));
    const scaled = rescaling(tf).apply(inputs[0]) as typeof inputs[number];
    const sum = tf.layers.add().apply([scaled, inputs[1]]) as typeof inputs[number];
    return tf.model({ inputs, outputs: sum });
  };
  const both = (tf: TensorFlow) => [tf.ones([8, ...inputShape]), tf.ones([8, ...inputShape])];
  assertEquals(await fronts(two, both), [["scale"], null]);
});

Deno.test("measure() tells rows of norm 1", async () => {
  const model = (tf: TensorFlow) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [16] })] });
  const rows = (size: number) => (tf: TensorFlow) =>
    tf.tidy(() => {
      const x = tf.randomNormal([32, 16], 0, 1, "float32", 4);
      return tf.mul(size, tf.div(x, tf.norm(x, 2, 1, true)));
    });
  assertEquals(await fronts(model, rows(1)), [true]);
  assertEquals(await fronts(model, rows(0.98)), [null]);
  const narrow = (units: number) => (tf: TensorFlow) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [units] })] });
  assertEquals(await fronts(narrow(2), (tf) => tf.tensor([[0.6, 0.8], [1, 0]])), [true]);
  // A number of size 1 is only a sign.
  assertEquals(await fronts(narrow(1), (tf) => tf.tensor([[1], [-1]])), [null]);
});
