import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Optimizer, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { rateSchedule } from "../../../src/ground/traits/rate_schedules.ts";
import { savedOptimizer } from "../../../src/keras/compile_as_saved.ts";
import { kerasOptimizer } from "../../../src/engine/optimizers/keras_optimizer.ts";
import { parseOptimizer } from "../../../src/ground/traits/torch_optimizers.ts";
import { golden, type SavedOptimizer, torchGolden } from "./golden.ts";

/** Largest distance between two weights that count as equal. */
const CLOSE = 1e-5;

/** Takes the golden steps with an optimizer, and returns its largest distance from the golden weights. */
function distance(tf: TensorFlow, optimizer: Optimizer, after: Record<string, number[][]>): number {
  const { shapes, weights, gradients } = golden;
  const variables = tf.tidy(() =>
    weights.map((values, i) => tf.tensor(values, shapes[i]).variable())
  );
  let most = 0;
  gradients.forEach((step, taken) => {
    tf.tidy(() =>
      optimizer.applyGradients(
        variables.map(({ name }, i) => ({ name, tensor: tf.tensor(step[i], shapes[i]) })),
      )
    );
    after[taken + 1]?.forEach((values, i) => {
      const own = variables[i].dataSync();
      values.forEach((value, j) => most = Math.max(most, Math.abs(value - own[j])));
      assertEquals(own.length, values.length);
    });
  });
  tf.dispose(variables);
  return most;
}

/** A short name of an optimizer, for messages. */
const show = ({ class_name, config }: SavedOptimizer) => `${class_name} ${JSON.stringify(config)}`;

Deno.test("savedOptimizer() takes the steps that each optimizer of Keras takes", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory().numTensors;
  for (const { saved, after } of golden.optimizers) {
    const optimizer = savedOptimizer(tf, { optimizer: saved });
    assert(!("isStandIn" in optimizer) || optimizer.isStandIn === false, show(saved));
    const most = distance(tf, optimizer, after);
    assert(most <= CLOSE, `${show(saved)}: ${most}`);
    optimizer.dispose();
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("an optimizer that PyTorch's call names takes PyTorch's steps", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const Optimizer = kerasOptimizer(tf);
  const before = tf.memory().numTensors;
  for (const { call, after } of torchGolden.optimizers) {
    const { name, learningRate, settings } = parseOptimizer(call, "--optimizer");
    const config = { ...settings, optimizer: name, learningRate };
    // The trial makes its own from the configuration.
    const optimizer = new Optimizer(new Optimizer(config).getConfig() as typeof config);
    const most = distance(tf, optimizer, after);
    assert(most <= CLOSE, `${call}: ${most}`);
    optimizer.dispose();
  }
  assertEquals(torchGolden.optimizers.length, 21);
  assertEquals(tf.memory().numTensors, before);
});

/** Optimizers of TensorFlow.js that have the settings of a case, by its class name and settings in golden.json. */
function stockOptimizer(tf: TensorFlow, { class_name, config }: SavedOptimizer): Optimizer | null {
  const settings = config as Record<string, number>;
  const { learning_rate: rate, momentum, epsilon, rho, weight_decay } = settings;
  const isClipped = config.clipnorm ?? config.clipvalue ?? config.global_clipnorm;
  if (typeof rate !== "number" || weight_decay !== null || isClipped !== null || config.use_ema) {
    return null;
  }
  const { train } = tf;
  switch (class_name) {
    case "SGD":
      return momentum > 0
        ? train.momentum(rate, momentum, config.nesterov as boolean)
        : train.sgd(rate);
    case "RMSprop":
      return train.rmsprop(rate, rho, momentum, epsilon, config.centered as boolean);
    case "Adadelta":
      return train.adadelta(rate, rho, epsilon);
    case "Adamax":
      return train.adamax(rate, settings.beta_1, settings.beta_2, epsilon);
    case "Adagrad":
      // Its epsilon cannot be set.
      return epsilon === 1e-7 ? train.adagrad(rate, settings.initial_accumulator_value) : null;
    default:
      // Its Adam adds epsilon elsewhere.
      return null;
  }
}

Deno.test("TensorFlow.js's own optimizers take Keras's steps, repaired", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const tested: string[] = [];
  for (const { saved, after } of golden.optimizers) {
    const optimizer = stockOptimizer(tf, saved);
    if (optimizer === null) continue;
    const most = distance(tf, optimizer, after);
    assert(most <= CLOSE, `${show(saved)}: ${most}`);
    tested.push(saved.class_name);
    optimizer.dispose();
  }
  assertEquals(tested.filter((name) => name === "Adadelta").length, 2);
  assertEquals(tested.length, 12);
});

Deno.test("Adadelta keeps its state through getWeights() and setWeights(), and is put back", async () => {
  const { after, saved } = golden.optimizers.find((one) => one.saved.class_name === "Adadelta")!;
  const engine = await startEngine();
  const { tf } = engine;
  const own = tf.AdadeltaOptimizer.prototype.applyGradients;
  const weight = tf.tidy(() => tf.tensor1d([1, 2]).variable());
  const gradient = tf.tensor1d([0.5, -3]);
  const first = stockOptimizer(tf, saved)!;
  const second = stockOptimizer(tf, saved)!;
  const step = [{ name: weight.name, tensor: gradient }];
  first.applyGradients(step);
  const start = weight.clone();
  await second.setWeights(await first.getWeights());
  first.applyGradients(step);
  const expected = await weight.data();
  weight.assign(start);
  second.applyGradients(step);
  assertEquals(await weight.data(), expected);
  // A map of gradients is as good as a list.
  first.applyGradients({ [weight.name]: gradient });
  tf.dispose([weight, gradient, start]);
  await engine[Symbol.asyncDispose]();
  assert(tf.AdadeltaOptimizer.prototype.applyGradients !== own);
  assertEquals(Object.keys(after), ["1", "2", "20"]);
});

Deno.test("rateSchedule() gives Keras's rates", () => {
  for (const { saved, rates } of golden.schedules) {
    const schedule = rateSchedule(saved)!;
    rates.forEach((rate, step) =>
      assertAlmostEquals(
        schedule.at(step),
        rate,
        1e-7,
        `${JSON.stringify(saved)}, step ${step}`,
      )
    );
    assertAlmostEquals(schedule.peak, Math.max(...rates), 1e-7);
    assertAlmostEquals(schedule.at(schedule.warmUp), schedule.peak, 1e-7);
  }
});
