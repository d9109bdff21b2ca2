import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer } from "../../src/engine/tensorflow.ts";
import { savedOptimizer } from "../../src/keras/saved_optimizer.ts";
import { learningRates, type RateOptions } from "../../src/probe/learning_rates.ts";
import type { LearningRates } from "../../src/probe/rate_search.ts";
import { describeRates } from "../../src/rules/describe_rates.ts";
import { InputError } from "../../src/words/input_error.ts";
import { classes, classifier } from "../networks/trained_models.ts";

const { tf } = await startEngine();
const LOSS = "categoricalCrossentropy";

async function searched(model: LayersModel, options: RateOptions = {}): Promise<LearningRates> {
  const { inputs, targets } = classes(tf);
  const found = await learningRates(model, { inputs, targets }, options);
  assert("rates" in found, JSON.stringify(found));
  return found;
}

function compiledWith(optimizer: Optimizer | undefined, options = {}): LayersModel {
  const model = classifier(tf, options);
  if (optimizer !== undefined) model.compile({ optimizer, loss: LOSS });
  return model;
}

const compiledRate = ({ rates }: LearningRates) => rates.find(({ given }) => given)!;

Deno.test("learningRates() finds a usable rate, whatever the compiled one", async (t) => {
  const suggested: unknown[] = [];
  for (
    const [about, rate, words] of [
      ["too high", 30, "At the compiled rate of 30 the loss does not fall."],
      ["too low", 1e-7, "At the compiled rate of 1e-7 the loss falls too little."],
      ["right", 1e-3, "The compiled rate of 0.001 is usable."],
    ] as const
  ) {
    await t.step(about, async () => {
      const model = compiledWith(tf.train.adam(rate));
      const found = await searched(model);
      assertEquals(compiledRate(found).learningRate, rate);
      assertEquals(compiledRate(found).usable, about === "right");
      assertStringIncludes(describeRates(found), words);
      suggested.push(found.suggested);
      model.dispose();
    });
  }
  assertEquals(suggested, Array(3).fill({ optimizer: "Adam", learningRate: 1e-3 }));
});

Deno.test("learningRates() steps with every optimizer as compiled, around its usual rates", async (t) => {
  const decay = { initial_learning_rate: 1e-3, decay_steps: 10, decay_rate: 0.5 };
  for (
    const [class_name, learning_rate, more, name] of [
      ["SGD", 0.01, {}, "SGD"],
      ["SGD", 0.01, { momentum: 0.9, nesterov: true }, "Momentum"],
      ["AdamW", 1e-3, { weight_decay: 0.004, clipnorm: 1 }, "AdamW"],
      ["Adamax", 1e-3, {}, "Adamax"],
      ["Adadelta", 1, {}, "Adadelta"],
      ["Lion", 1e-4, {}, "Lion"],
      ["RMSprop", 1e-3, { centered: true }, "RMSProp"],
      ["Adam", { class_name: "ExponentialDecay", config: decay }, {}, "Adam"],
    ] as const
  ) {
    await t.step(`${class_name} ${JSON.stringify(more)}`, async () => {
      const config = { learning_rate, ...more };
      const optimizer = savedOptimizer(tf, { optimizer: { class_name, config } });
      const model = compiledWith(optimizer);
      const found = await searched(model, { steps: 20 });
      const { suggested, usable, rates } = found;
      assertEquals(new Set(rates.map(({ optimizer }) => optimizer)), new Set([name]));
      assertEquals(rates.filter(({ given }) => given).length, 1);
      assert(usable !== null && suggested !== null);
      assert(usable.from <= suggested.learningRate && suggested.learningRate <= usable.to);
      model.dispose();
    });
  }
});

Deno.test("learningRates() tries Adam and plain descent if no optimizer was compiled", async () => {
  const model = classifier(tf);
  const found = await searched(model);
  assertEquals([...new Set(found.rates.map(({ optimizer }) => optimizer))], ["Adam", "SGD"]);
  assertEquals(found.rates.some(({ given }) => given), false);
  assertEquals(found.suggested?.optimizer, "Adam");
  model.dispose();
});

Deno.test("learningRates() keeps a rate of 0 or below on the ladder", async () => {
  for (const rate of [0, -0.01]) {
    const model = compiledWith(tf.train.sgd(rate));
    const found = await searched(model, { steps: 5 });
    assertEquals(found.rates[0].learningRate, rate);
    assertEquals([found.rates[0].given, found.rates[0].usable], [true, false]);
    assertEquals(found.suggested?.optimizer, "SGD");
    model.dispose();
  }
});

Deno.test("learningRates() restores the model bit by bit, and finds the same again", async () => {
  const optimizer = tf.train.momentum(0.5, 0.9);
  const model = compiledWith(optimizer, { dropout: 0.3 });
  const bits = () => model.weights.map((weight) => [...weight.read().dataSync()]);
  const before = bits();
  const batch = classes(tf);
  const { numTensors } = tf.memory();
  const found = await learningRates(model, batch);
  assertEquals(bits(), before);
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals(optimizer.getConfig().learningRate, 0.5);
  assertEquals(await learningRates(model, batch), found);
  model.dispose();
});

Deno.test("learningRates() tries fewer examples, then fewer steps and rates if the budget is short", async () => {
  const model = compiledWith(tf.train.adam(1e-3));
  const full = await searched(model);
  assertEquals([full.rates.length, full.steps, full.examples], [10, 40, undefined]);
  const short = await searched(model, { budgetSeconds: 0.06 });
  assertEquals([short.rates.length < 10, short.steps >= 10, short.examples], [true, true, 8]);
  assert(short.rates.some(({ given }) => given));
  model.dispose();
});

Deno.test("learningRates() says why it tried nothing", async () => {
  const batch = classes(tf);
  const model = compiledWith(tf.train.adam(1e-3));
  const late = await learningRates(model, batch, { budgetSeconds: 0 });
  assert("skipped" in late);
  assertStringIncludes(describeRates(late), "Learning rates not tried: it could take 1 s");
  for (const layer of model.layers) layer.trainable = false;
  const frozen = await learningRates(model, batch);
  assert("skipped" in frozen);
  assertStringIncludes(frozen.skipped, "no weight is trainable");
  await assertRejects(() => learningRates(model, batch, { steps: 0 }), InputError, "options.steps");
  model.dispose();
});
