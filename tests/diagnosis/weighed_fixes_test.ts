import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import type { Batch } from "../../src/model/batches/batch.ts";
import { triedWords } from "../../src/render/render_diagnosis.ts";
import { classes, classifier, sums } from "../networks/trained_models.ts";

/** Relu layers and a head of one unit, as it is told. */
function regression(tf: TensorFlow, head: string, rate: number): LayersModel {
  const { layers, initializers } = tf;
  const kernel = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
  const model = tf.sequential({
    layers: [
      layers.dense({ units: 32, activation: "relu", inputShape: [20], ...kernel(1) }),
      layers.dense({ units: 1, activation: head as never, name: "head", ...kernel(2) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(rate), loss: "meanSquaredError" });
  return model;
}

Deno.test("examine() does not call a network healthy that does not learn with its fix", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // A sigmoid reaches none of them; a linear head would, in some thousand steps.
  const { inputs, targets } = sums(tf);
  const batch: Batch = { inputs, targets: tf.add(tf.mul(targets, 200), 600) };
  const model = regression(tf, "sigmoid", 0.001);
  const { diagnosis: { causes }, fixedTrial } = await examine(model, batch);
  assert(fixedTrial !== null && "verdict" in fixedTrial);
  assertEquals(fixedTrial.verdict, "fails");
  const [{ kind, tried }] = causes;
  assertEquals([kind, tried?.worked, tried?.left], ["head", true, 1]);
  assertEquals(
    triedWords(tried!).split(";")[0].replace(/\.$/, ""),
    "Tried: this cause is then gone, but not all are",
  );
});

Deno.test("examine() names the optimizer under which most layers stand still, though Adam learns the batch", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 1e-3, seed: 1 });
  const model = classifier(tf, { depth: 6, hidden: { kernelInitializer } });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
  const { labels: _, ...batch } = classes(tf);
  const { diagnosis: { verdict, causes }, trial } = await examine(model, batch);
  assert(trial !== null && "attempts" in trial);
  assertEquals([trial.verdict, trial.givenVerdict], ["learns", "fails"]);
  // Drawn larger, the network learns at the compiled rate.
  const kinds = causes.slice(0, 2).map(({ kind }) => kind);
  assertEquals([verdict, ...kinds], ["sick", "kernel-scale", "learning-rate"]);
});

Deno.test("examine() does not call a rate too high that learns late, as a yet higher one does at once", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernel = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotNormal({ seed }),
  });
  // XOR stays on its plateau for some hundred steps at 0.5.
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [2], activation: "sigmoid", ...kernel(2) }),
      tf.layers.dense({ units: 1, activation: "sigmoid", ...kernel(3) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.5), loss: "meanSquaredError" });
  const batch = {
    inputs: tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]),
    targets: tf.tensor2d([[0], [1], [1], [0]]),
  };
  const { trial, diagnosis } = await examine(model, batch);
  assert(trial !== null && "attempts" in trial);
  const given = trial.attempts[0];
  const higher = trial.attempts[1];
  assertEquals([higher.verdict, higher.learningRate], ["learns", 5]);
  assertEquals([given.verdict, given.repeated], ["learns", true]);
  assertEquals(diagnosis.verdict, "weak");
});
