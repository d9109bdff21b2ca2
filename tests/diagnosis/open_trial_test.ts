import { assert, assertEquals } from "@std/assert";
import { learningRate } from "../../src/checks/rules/learning_rate.ts";
import { startEngine } from "../../src/engine/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import { tryFindings } from "../../src/examine/try_findings.ts";
import { classes } from "../probe/trial_networks.ts";

/** A network whose branches are shut by a factor of 0 before a relu, for good; the way round them learns. */
function shutBranches(tf: TensorFlow): LayersModel {
  const input = tf.input({ shape: [20] });
  const dense = (units: number, seed: number, activation?: "softmax") =>
    tf.layers.dense({
      units,
      activation,
      kernelInitializer: tf.initializers.glorotNormal({ seed }),
    });
  let x = input;
  for (let block = 0; block < 3; block++) {
    let branch = dense(20, 2 * block).apply(x) as typeof x;
    branch = tf.layers.batchNormalization({ gammaInitializer: "zeros" }).apply(branch) as typeof x;
    branch = tf.layers.reLU({}).apply(branch) as typeof x;
    branch = dense(20, 2 * block + 1).apply(branch) as typeof x;
    x = tf.layers.add().apply([x, branch]) as typeof x;
  }
  const model = tf.model({ inputs: input, outputs: dense(10, 99, "softmax").apply(x) as typeof x });
  model.compile({ optimizer: tf.train.adam(1e-5), loss: "categoricalCrossentropy" });
  return model;
}

Deno.test("tryFindings() does not fail a network for layers that the signal goes round", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = shutBranches(tf);
  const { labels: _, ...batch } = classes(tf);
  const measurements = await measure(model, batch);
  const subject = { model, batch, objective: undefined };
  const options = { mode: 2, seed: 0 };
  // A warning of the rate, for which it is tried.
  const found = learningRate.check(measurements, { learningRateFactor: 20 });
  const { trial, shown } = await tryFindings(subject, { measurements, found }, options);
  assert(trial !== null && "reason" in trial);
  assertEquals([trial.verdict, trial.reason, shown], ["fails", "still layers", null]);
});
