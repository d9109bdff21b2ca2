import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { savedOptimizer } from "../../../src/keras/compile_as_saved.ts";

import { golden } from "../../engine/optimizers/golden.ts";
import { tried } from "./tried.ts";

const STEPS = 20;

/** Keras's network of `golden.trained`, not compiled, with its batch. */
function network(tf: TensorFlow, { weights, x, y }: (typeof golden.trained)[number]) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: "tanh", useBias: false, inputShape: [5] }),
      tf.layers.dense({ units: 2, useBias: false }),
    ],
  });
  const values = [tf.tensor(weights[0], [5, 8]), tf.tensor(weights[1], [8, 2])];
  model.setWeights(values);
  tf.dispose(values);
  return { model, inputs: tf.tensor2d(x, [32, 5]), targets: tf.tensor2d(y, [32, 2]) };
}

Deno.test("tryTraining() takes the steps of the optimizer that a file names, as Keras does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const trained of golden.trained) {
    const { model, inputs, targets } = network(tf, trained);
    model.compile({
      optimizer: savedOptimizer(tf, { optimizer: trained.saved }),
      loss: "meanSquaredError",
    });
    const { attempts } = await tried(model, { inputs, targets }, { steps: STEPS });
    const [{ loss, given, steps }] = attempts;
    assert(given && steps >= 10, String(steps));
    assertAlmostEquals(loss.first, trained.losses[0], 1e-4);
    assertAlmostEquals(loss.last, trained.losses[steps], 1e-4);
    model.dispose();
    tf.dispose([inputs, targets]);
  }
});

Deno.test("fit() with the optimizer of a file, or with TensorFlow.js's Adadelta, has Keras's losses", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const stock = { Adadelta: () => tf.train.adadelta(1, 0.95, 1e-7) };
  const cases = golden.trained.map((trained) => ({
    trained,
    make: () => savedOptimizer(tf, { optimizer: trained.saved }),
  }));
  const adadelta = golden.trained.find(({ saved }) => saved.class_name === "Adadelta")!;
  for (const { trained, make } of [...cases, { trained: adadelta, make: stock.Adadelta }]) {
    const { model, inputs, targets } = network(tf, trained);
    model.compile({ optimizer: make(), loss: "meanSquaredError" });
    const { history } = await model.fit(inputs, targets, {
      batchSize: 32,
      epochs: STEPS,
      shuffle: false,
      verbose: 0,
    });
    assertEquals(history.loss.length, STEPS);
    history.loss.forEach((loss, i) => assertAlmostEquals(loss as number, trained.losses[i], 1e-4));
    model.dispose();
    tf.dispose([inputs, targets]);
  }
});

Deno.test("tryTraining() leaves out the warm-up of a schedule, and an optimizer that is not known", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const [trained] = golden.trained;
  const { model, inputs, targets } = network(tf, trained);
  const attemptsOf = async (saved: object) => {
    model.compile({
      optimizer: savedOptimizer(tf, { optimizer: saved }),
      loss: "meanSquaredError",
    });
    return (await tried(model, { inputs, targets }, { steps: STEPS })).attempts;
  };
  const config = {
    initial_learning_rate: 0,
    decay_steps: 1e6,
    warmup_target: 0.003,
    warmup_steps: 1e4,
  };
  const schedule = { class_name: "CosineDecay", config };
  const [warm] = await attemptsOf({ class_name: "AdamW", config: { learning_rate: schedule } });
  assertEquals([warm.optimizer, warm.learningRate, warm.given], ["AdamW", 0.003, true]);
  assert(warm.loss.last < 0.9 * warm.loss.first);
  const attempts = await attemptsOf({ class_name: "Muon", config: { learning_rate: 3 } });
  assert(attempts.every(({ optimizer, given }) => optimizer === "Adam" && !given));
  model.dispose();
  tf.dispose([inputs, targets]);
});
