import { assertEquals } from "@std/assert";
import { deadUnits } from "../../src/core/rules/signal/dead_units.ts";
import { gradientsFlow } from "../../src/core/rules/signal/gradients_flow.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch, randomTargets } from "../../src/core/model/batches/random_batch.ts";

type SymbolicTensor = ReturnType<TensorFlow["input"]>;

/** Makes a network that starts at zero on purpose; `dead` gives its relus a bias that switches them off. */
type Make = (tf: TensorFlow, seed: number, dead: boolean) => LayersModel;

const dense = (tf: TensorFlow, seed: number, units: number, given = {}) =>
  tf.layers.dense({ units, kernelInitializer: tf.initializers.heNormal({ seed }), ...given });

const hidden = (tf: TensorFlow, seed: number, dead: boolean) =>
  dense(tf, seed, 32, {
    activation: "relu",
    biasInitializer: tf.initializers.constant({ value: dead ? -100 : 0 }),
  });

const NETWORKS: Record<string, Make> = {
  "A head of zeros above normalisations": (tf, seed, dead) =>
    tf.sequential({
      layers: [
        dense(tf, seed, 32, { inputShape: [20] }),
        tf.layers.batchNormalization(),
        hidden(tf, seed + 1, dead),
        tf.layers.layerNormalization(),
        tf.layers.dense({ units: 5, activation: "softmax", kernelInitializer: "zeros" }),
      ],
    }),
  "Residual branches that end in a scale of zeros": (tf, seed, dead) => {
    const input = tf.input({ shape: [20] });
    let sum = dense(tf, seed, 32).apply(input) as SymbolicTensor;
    for (let block = 1; block <= 3; block++) {
      const own = 10 * seed + 3 * block;
      const branch = [
        dense(tf, own, 32),
        tf.layers.batchNormalization(),
        hidden(tf, own + 1, dead),
        dense(tf, own + 2, 32),
        tf.layers.batchNormalization({ gammaInitializer: "zeros" }),
      ].reduce((at, layer) => layer.apply(at) as SymbolicTensor, sum);
      sum = tf.layers.add().apply([sum, branch]) as SymbolicTensor;
    }
    const outputs = dense(tf, 99 * seed, 5, { activation: "softmax" }).apply(sum) as SymbolicTensor;
    return tf.model({ inputs: input, outputs });
  },
  "Residual branches that end in zeros, each behind a normalisation of the sum": (
    tf,
    seed,
    dead,
  ) => {
    const input = tf.input({ shape: [20] });
    let sum = dense(tf, seed, 32).apply(input) as SymbolicTensor;
    for (let block = 1; block <= 3; block++) {
      const branch = [
        // The first of these has the depth of the stem that feeds it.
        tf.layers.batchNormalization(),
        tf.layers.reLU(),
        hidden(tf, 10 * seed + block, dead),
        tf.layers.dense({ units: 32, kernelInitializer: "zeros" }),
      ].reduce((at, layer) => layer.apply(at) as SymbolicTensor, sum);
      sum = tf.layers.add().apply([sum, branch]) as SymbolicTensor;
    }
    const outputs = dense(tf, 99 * seed, 5, { activation: "softmax" }).apply(sum) as SymbolicTensor;
    return tf.model({ inputs: input, outputs });
  },
};

async function findings(make: Make, seed: number, dead = false) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = make(tf, seed, dead);
  const objective = "categoricalCrossentropy";
  const batch = { ...randomBatch(model, { seed }), targets: randomTargets(model, objective) };
  const measurements = await measure(model, batch, { objective });
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
  return {
    errors: runRules(measurements).filter(({ severity }) => severity === "error"),
    flow: gradientsFlow.run(measurements),
    dead: deadUnits.run(measurements),
  };
}

for (const [what, make] of Object.entries(NETWORKS)) {
  Deno.test(`${what}: a gradient of 0 of what lies below is no error`, async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { errors, flow } = await findings(make, seed);
      assertEquals(errors, [], `seed ${seed}`);
      assertEquals(flow.some(({ layer }) => layer!.startsWith("batch_normalization")), true);
    }
  });

  Deno.test(`${what}: units that are off are an error, unless the signal goes round`, async () => {
    const { errors, dead } = await findings(make, 1, true);
    assertEquals(errors.length > 0, !what.startsWith("Residual"));
    assertEquals(dead.length > 0, true);
  });
}
