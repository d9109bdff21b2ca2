import { assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import {
  getWeights,
  rescaleWeights,
  setWeights,
} from "../../../src/core/model/weights/model_weights.ts";
import { namesGivenTo } from "../rules/names_given_to.ts";
import { buildControl, type Control } from "../../networks/controls.ts";
import {
  type BrokenNetwork,
  HEALTHY,
  measureNetwork,
  testBrokenNetwork,
} from "./test_broken_network.ts";

const fill = (name: string, value: number) => (model: LayersModel) => {
  const { values } = getWeights(model)[name];
  setWeights(model, { [name]: values.fill(value) });
};

/** Two heads, of which the objective knows one. */
function forgottenHead(tf: TensorFlow): LayersModel {
  const input = tf.input({ shape: [16] });
  const kernelInitializer = tf.initializers.leCunNormal({ seed: 5 });
  const body = tf.layers.dense({ name: "body", units: 16, activation: "tanh", kernelInitializer })
    .apply(input) as Tensor;
  const outputs = ["head", "forgotten"].map((name) =>
    tf.layers.dense({ name, units: 1, kernelInitializer }).apply(body) as typeof input
  );
  return tf.model({ inputs: input, outputs });
}

/** A relu network whose signal doubles from layer to layer, where theory has nothing to say. */
function growing(tf: TensorFlow): LayersModel {
  const control: Control = { ...HEALTHY, activation: "relu", sigma: 2.7, depth: 13 };
  const model = buildControl(tf, control, { style: "fused", task: "sum", seed: 11 });
  return tf.sequential({
    layers: [tf.layers.layerNormalization({ inputShape: [HEALTHY.width] }), ...model.layers],
  });
}

/** A head that cannot reach negative targets. */
function reluHead(tf: TensorFlow): LayersModel {
  const model = buildControl(tf, HEALTHY, { style: "fused", task: "meanSquaredError", seed: 11 });
  return tf.sequential({ layers: [...model.layers, tf.layers.activation({ activation: "relu" })] });
}

/** Three times the gradient that the tanh of a layer has. */
function tripleGradient(model: LayersModel, tf: TensorFlow): void {
  const { activation } = model.layers.find((layer) =>
    (layer as unknown as Activated).activation?.getClassName() === "tanh"
  ) as unknown as Activated;
  const apply = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [Tensor, (kept: Tensor[]) => void];
    const value = tf.tanh(x);
    save([value]);
    const slope = (a: Tensor) => tf.sub(1, tf.square(a));
    return {
      value,
      gradFunc: (dy: Tensor, [a]: Tensor[]) => tf.mul(3, tf.mul(dy, slope(a))),
    };
  });
  activation!.apply = (x) => apply(x);
}

interface Activated {
  activation?: { getClassName(): string; apply(x: Tensor): Tensor };
}

const rescale = (layer: string, factor: number) => (model: LayersModel) =>
  void rescaleWeights(model, factor, { layers: [layer] });

const edit = (name: string, change: (value: number, index: number, all: Weight) => number) =>
(
  model: LayersModel,
) => {
  const { values } = getWeights(model)[name];
  setWeights(model, { [name]: Float32Array.from(values, (v, i) => change(v, i, values)) });
};
type Weight = ArrayLike<number>;

/** Changes that break a rule, by its name, and no other. */
const BROKEN: Record<string, BrokenNetwork> = {
  "non-finite": { spoil: fill("dense_5/bias", NaN) },
  "input-normalized": {
    feed: (batch, tf) => ({ ...batch, inputs: tf.add([batch.inputs].flat()[0], 1.1) }),
  },
  "gradients-flow": {
    create: forgottenHead,
    options: (tf) => ({ objective: ([output]) => tf.sum(output) }),
  },
  "vanishing-gradients": { control: { activation: "sigmoid", depth: 10, width: 32 } },
  // Kernels this large break the rules about scale, too.
  "exploding-gradients": { create: growing, also: ["gradient-balance", "activation-scale"] },
  "gradient-ratio": { spoil: tripleGradient },
  "gradient-balance": { control: { activation: "relu", sigma: 0.64, depth: 6 } },
  "saturated-activations": {
    feed: (batch, tf) => ({ ...batch, inputs: tf.mul([batch.inputs].flat()[0], 9) }),
  },
  "dead-units": {
    control: { activation: "relu", sigma: Math.SQRT2 },
    spoil: edit("dense_3/bias", (_, unit) => unit < 40 ? -9 : 0),
  },
  "activation-scale": { control: { sigma: 0.72, depth: 10 } },
  "init-scale": { spoil: rescale("dense_2", 2.2) },
  symmetry: {
    // The second unit has the weights of the first.
    spoil: edit(
      "dense_2/kernel",
      (value, i, all) => i % HEALTHY.width === 1 ? all[i - 1] : value,
    ),
  },
  "bias-init": { spoil: fill("dense_2/bias", 0.5) },
  "initial-loss": {
    task: "categoricalCrossentropy",
    spoil: edit("dense_5/bias", (_, unit) => unit === 0 ? 15 : 0),
  },
  "output-head": {
    task: "meanSquaredError",
    create: reluHead,
    feed: (batch, tf) => {
      const [{ shape }] = [batch.targets!].flat();
      return { ...batch, targets: tf.randomNormal(shape, 0, 1, "float32", 11) };
    },
  },
};

for (const [name, broken] of Object.entries(BROKEN)) testBrokenNetwork(name, broken);

/** Rules of files of weights, which judge no network; their own tests break such a file. */
const OF_FILES = ["blocks-alike"];

Deno.test("every rule has a network that breaks it, here or by testBrokenNetwork() in its own test", async () => {
  const tested = [...OF_FILES, ...Object.keys(BROKEN), ...await namesGivenTo("testBrokenNetwork")];
  assertEquals(RULES.map(({ name }) => name).filter((name) => !tested.includes(name)), []);
});

Deno.test("a network whose kernels grew fails assertMatchesBaseline() against itself before", async () => {
  const before = await measureNetwork({}, "fused");
  const grow = (factor: number) => ({
    spoil: (model: LayersModel) => void rescaleWeights(model, factor),
  });
  assertions.assertMatchesBaseline(before, before);
  assertions.assertMatchesBaseline(await measureNetwork(grow(1.05), "fused"), before);
  const after = await measureNetwork(grow(3), "fused");
  assertThrows(() => assertions.assertMatchesBaseline(after, before), AssertionError, "dense_1");
});

Deno.test("the exercise's network fails assertHealthy() whatever its seed", async () => {
  await using _engine = await startEngine();
  const { exerciseModel } = await import("../../../src/core/model/layers/exercise_model.ts");
  const exercise = ({ seed }: { seed: number }) => exerciseModel({ seed });
  await assertRejects(
    () => assertions.acrossSeeds(exercise, assertions.assertHealthy),
    AssertionError,
    "under 10 of 10 seeds",
  );
});
