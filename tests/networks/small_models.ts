import { assert, assertEquals } from "@std/assert";
import {
  type LayersModel,
  startEngine,
  type Tensor,
  type TensorFlow,
} from "../../src/engine/mod.ts";
import type { LayerMeasurements, Measurements } from "../../src/entry/measure.ts";

const { tf } = await startEngine();

/** Rank-2 input of `examples` rows, the same at every call. */
export function uniform(shape: number[], low = -1, high = 1): Tensor {
  return tf.randomUniform(shape, low, high, "float32", 7);
}

export function dense(units: number, activation?: "tanh" | "relu" | "sigmoid", more: object = {}) {
  return tf.layers.dense({
    units,
    activation,
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.7, seed: units + 1 }),
    ...more,
  });
}

export function small(): LayersModel {
  return tf.sequential({
    layers: [dense(5, "tanh", { inputShape: [4] }), dense(3, "relu"), dense(2)],
  });
}

/** Checks that `work` leaves as many tensors as it found, whether or not it throws. */
export async function leavesNoTensors(work: () => Promise<unknown>): Promise<void> {
  const before = tf.memory().numTensors;
  await work();
  assertEquals(tf.memory().numTensors, before);
}

export function find(measurements: Measurements, name: string): LayerMeasurements {
  const layer = measurements.layers.find((layer) => layer.name === name);
  assert(layer, `no layer ${name} among ${measurements.layers.map((l) => l.name).join(", ")}`);
  return layer;
}

export const models: Record<string, (tf: TensorFlow) => LayersModel> = {
  "a dense net": small,
  "a dense net with separate activations": () =>
    tf.sequential({
      layers: [
        dense(5, undefined, { inputShape: [4] }),
        tf.layers.activation({ activation: "tanh" }),
        dense(3),
        tf.layers.reLU(),
        tf.layers.batchNormalization(),
        dense(2, "sigmoid"),
      ],
    }),
  "a nested functional model with a shared layer": () => {
    const inner = tf.sequential({ name: "inner", layers: [dense(4, "tanh", { inputShape: [4] })] });
    const input = tf.input({ shape: [4] });
    const once = inner.apply(input) as typeof input;
    const twice = inner.apply(once) as typeof input;
    const sum = tf.layers.add().apply([once, twice]) as typeof input;
    return tf.model({ inputs: input, outputs: [dense(2).apply(sum), sum] as (typeof input)[] });
  },
};
