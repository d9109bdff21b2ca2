import { assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";
import * as assertions from "../../src/assert/mod.ts";
import { RULES } from "../../src/checks/rules.ts";
import { startEngine } from "../../src/engine/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import type { MeasureOptions } from "../../src/measure/measure_options.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import type { Batch } from "../../src/model/batch.ts";
import { getWeights } from "../../src/model/get_weights.ts";
import { randomBatch } from "../../src/model/random_batch.ts";
import { rescaleWeights } from "../../src/model/rescale_weights.ts";
import { setWeights } from "../../src/model/set_weights.ts";
import {
  buildControl,
  type Control,
  type Style,
  STYLES,
  type Task,
} from "../false_positives/controls.ts";

/** A healthy network, and what to do to it. */
interface Broken {
  control?: Partial<Omit<Control, "activation">> & { activation?: string };
  task?: Task;
  /** Breaks the model. */
  spoil?: (model: LayersModel, tf: TensorFlow) => void;
  /** Breaks the batch. */
  feed?: (batch: Batch, tf: TensorFlow) => Batch;
  /** Another model altogether. */
  create?: (tf: TensorFlow) => LayersModel;
  options?: (tf: TensorFlow) => MeasureOptions;
}

const HEALTHY: Control = { activation: "tanh", sigma: 1, depth: 4, width: 64 };

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

/** What breaks each rule of `RULES`, by its name. */
const BROKEN: Record<string, Broken> = {
  "non-finite": { spoil: fill("dense_2/kernel", NaN) },
  "input-normalized": {
    feed: (batch, tf) => ({ ...batch, inputs: tf.mul([batch.inputs].flat()[0], 100) }),
  },
  "gradients-flow": {
    create: forgottenHead,
    options: (tf) => ({ objective: ([output]) => tf.sum(output) }),
  },
  "vanishing-gradients": { control: { activation: "sigmoid", depth: 10 } },
  "exploding-gradients": { control: { activation: "relu", sigma: 5, depth: 10 } },
  "gradient-ratio": { spoil: fill("dense_2/bias", 3) },
  "gradient-balance": { control: { activation: "relu", sigma: 9 } },
  "saturated-activations": { control: { sigma: 9 } },
  "dead-units": { control: { activation: "relu" }, spoil: fill("dense_3/bias", -9) },
  "activation-scale": { control: { sigma: 0.4 } },
  "init-scale": { control: { sigma: 2.2 } },
  symmetry: { spoil: fill("dense_2/kernel", 0.1) },
  "bias-init": { spoil: fill("dense_2/bias", 0.5) },
  "initial-loss": {
    task: "categoricalCrossentropy",
    spoil: (model) => void rescaleWeights(model, 100, { layers: ["dense_5"] }),
  },
  "output-head": {
    task: "meanSquaredError",
    options: () => ({ objective: "binaryCrossentropy" }),
  },
};

const assertionOf = (name: string) => {
  const { assertion } = RULES.find((rule) => rule.name === name)!;
  return (assertions as unknown as Record<string, (measurements: Measurements) => void>)[assertion];
};

async function measured(broken: Broken, style: Style): Promise<Measurements> {
  await using engine = await startEngine();
  const { tf } = engine;
  const { task = "sum", control, spoil, feed, create, options } = broken;
  const model = create?.(tf) ??
    buildControl(tf, { ...HEALTHY, ...control } as Control, { style, task, seed: 11 });
  spoil?.(model, tf);
  const given = randomBatch(model, { seed: 11, objective: task });
  const batch = feed?.(given, tf) ?? given;
  try {
    return await measure(model, batch, { objective: task, seed: 11, ...options?.(tf) });
  } finally {
    tf.dispose([given.inputs, given.targets ?? [], batch.inputs]);
    model.dispose();
  }
}

Deno.test("every rule of RULES has a network here that breaks it", () => {
  assertEquals(Object.keys(BROKEN), RULES.map(({ name }) => name));
});

for (const [name, broken] of Object.entries(BROKEN)) {
  for (const style of STYLES) {
    Deno.test(`a ${style} network that breaks ${name} fails its assertion`, async () => {
      const assertion = assertionOf(name);
      const measurements = await measured(broken, style);
      assertThrows(() => assertion(measurements), AssertionError, `(rule ${name})`);
      const healthy = await measured({ task: broken.task }, style);
      assertion(healthy);
      assertions.assertHealthy(healthy);
    });
  }
}

Deno.test("a network whose kernels grew fails assertMatchesBaseline() against itself before", async () => {
  const before = await measured({}, "fused");
  const grow = (factor: number) => ({
    spoil: (model: LayersModel) => void rescaleWeights(model, factor),
  });
  assertions.assertMatchesBaseline(before, before);
  assertions.assertMatchesBaseline(await measured(grow(1.05), "fused"), before);
  const after = await measured(grow(3), "fused");
  assertThrows(() => assertions.assertMatchesBaseline(after, before), AssertionError, "dense_1");
});

Deno.test("the exercise's network fails assertHealthy() whatever its seed", async () => {
  await using _engine = await startEngine();
  const { exerciseModel } = await import("../../src/model/exercise_model.ts");
  const exercise = ({ seed }: { seed: number }) => exerciseModel({ seed });
  await assertRejects(
    () => assertions.acrossSeeds(exercise, 10, assertions.assertHealthy),
    AssertionError,
    "under 10 of 10 seeds",
  );
});
