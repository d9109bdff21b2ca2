import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer } from "../../../src/engine/tensorflow.ts";
import { savedOptimizer } from "../../../src/keras/compile_as_saved.ts";
import { type LearningRates, usableRates } from "../../../src/core/probe/rate_search.ts";
import { learningRates, type RateOptions } from "../../../src/core/probe/learning_rates.ts";
import { learnsSooner } from "../../../src/core/probe/learns_sooner.ts";
import { ladderRates } from "../../../src/core/probe/rungs.ts";
import type { Attempt, Trial, TrialVerdict } from "../../../src/core/probe/trial.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { describeRates } from "../../../src/core/rules/describe_trial.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { type DenseFault, denseModel } from "../../networks/ill_models.ts";
import { classes, classifier } from "../../networks/trained_models.ts";

interface Ladder {
  optimizer?: string;
  first?: number;
  /** Loss after the steps, by rate; `null` if it was not finite. */
  losses: Record<string, number | null>;
  verdict?: TrialVerdict;
  given?: number;
}

function attempts({ optimizer = "Adam", first = 1, losses, verdict = "slow", given }: Ladder) {
  return Object.entries(losses).map(([rate, last]) => ({
    optimizer,
    learningRate: Number(rate),
    given: Number(rate) === given,
    loss: { first, last: last ?? 0, least: 0 },
    nonFiniteStep: last === null ? 3 : null,
    verdict,
  }));
}

function search(ladder: Ladder, guess: number | null = null) {
  const { rates, usable, suggested } = usableRates(attempts(ladder), guess);
  return {
    usable,
    suggested: suggested?.learningRate,
    each: rates.filter(({ usable }) => usable).map(({ learningRate }) => learningRate),
  };
}

Deno.test("usableRates() suggests the lowest rate at which the loss falls by 80 % of the largest fall", () => {
  const at = (loss: number) =>
    search({ losses: { "0.001": loss, "0.003": 0.3, "0.01": 0, "0.03": 0 } }).suggested;
  assertEquals([at(0.21), at(0.199)], [0.01, 0.001]);
});

Deno.test("usableRates() suggests the next rate instead if the loss falls by less than 99 % of the largest fall", () => {
  const at = (loss: number, above: number | null = 0.3) =>
    search({ losses: { "0.001": loss, "0.003": 0, "0.01": above } }).suggested;
  assertEquals([at(0.0101), at(0.0099)], [0.003, 0.001]);
  // The last usable rate, and the largest usual one, are not suggested instead.
  assertEquals([at(0.1, 0.51), at(0.1, null)], [0.001, 0.001]);
  const losses = { "0.01": 0.1, "0.03": 0, "0.1": 0 };
  assertEquals(search({ losses }).suggested, 0.01);
  assertEquals(search({ losses, optimizer: "SGD" }).suggested, 0.03);
});

Deno.test("usableRates() calls a rate usable if the loss falls at least half as far", () => {
  const at = (loss: number) => search({ losses: { "0.001": loss, "0.01": 0 } });
  assertEquals(at(0.51).usable, { from: 0.01, to: 0.01 });
  assertEquals(at(0.5).usable, { from: 0.001, to: 0.01 });
});

Deno.test("usableRates() calls a rate usable that learns, however far others get", () => {
  const losses = { "0.001": 0.8, "0.01": 0 };
  assertEquals(search({ losses, verdict: "learns" }).each, [0.001, 0.01]);
  assertEquals(search({ losses }).each, [0.01]);
});

Deno.test("usableRates() names the rates around the suggested one, not those beyond a gap", () => {
  const losses = {
    "0.0001": 0.3,
    "0.0003": 0.9,
    "0.001": 0.4,
    "0.003": 0,
    "0.01": null,
    "0.03": 0,
  };
  const found = search({ losses });
  assertEquals(found.usable, { from: 0.001, to: 0.003 });
  assertEquals(found.each, [0.0001, 0.001, 0.003, 0.03]);
});

Deno.test("usableRates() keeps away from the edge: it takes the usable rate below the last one", () => {
  const at = (below: number, above: number | null) =>
    search({ losses: { "0.001": below, "0.003": 0, "0.01": above } }).suggested;
  assertEquals([at(0.5, 0.5), at(0.5, null), at(0.51, null)], [0.003, 0.001, 0.003]);
  // A rate below the usual ones would be warned about.
  const low = { "0.00003": 0.5, "0.0001": 0, "0.0003": null };
  assertEquals(search({ losses: low }).suggested, 1e-4);
});

Deno.test("usableRates() suggests nothing if the loss falls by less than 1 % at every rate", () => {
  const at = (loss: number) => search({ losses: { "0.001": loss, "0.01": 2, "0.03": null } });
  assertEquals(at(0.991), { usable: null, suggested: undefined, each: [] });
  assertEquals(at(0.989).suggested, 0.001);
});

Deno.test("usableRates() measures the fall from guessing if the loss starts above it", () => {
  const ladder: Ladder = { first: 1000, losses: { "0.001": 2, "0.01": 0.1 } };
  // From 1000, both fall by more than 99 %.
  assertEquals(search(ladder).suggested, 0.001);
  assertEquals(search(ladder, 2.3).suggested, 0.01);
  assertEquals(search(ladder, 2.3).usable, { from: 0.01, to: 0.01 });
});

Deno.test("usableRates() prefers a usual rate", () => {
  const losses = { "0.00003": 0.05, "0.0001": 0.04, "0.1": 0 };
  assertEquals(search({ losses }).suggested, 1e-4);
  assertEquals(search({ losses: { ...losses, "0.0001": 0.25 } }).suggested, 3e-5);
});

Deno.test("usableRates() prefers the highest usual rate that learns to a better one beyond", () => {
  const losses = { "0.3": 0.7, "1.0": 0.6, "3.0": 0 };
  const at = (verdict: TrialVerdict) =>
    search({ optimizer: "Adadelta", losses, verdict }).suggested;
  assertEquals([at("learns"), at("slow")], [1, 3]);
});

Deno.test("usableRates() takes the optimizer that learns if there are two", () => {
  const slow = attempts({ losses: { "0.001": 0.2 } });
  const descent = { optimizer: "SGD", losses: { "0.01": 0.2 } };
  const chosen = (verdict: TrialVerdict) =>
    usableRates([...slow, ...attempts({ ...descent, verdict })], null).suggested;
  assertEquals(chosen("learns"), { optimizer: "SGD", learningRate: 0.01 });
  assertEquals(chosen("slow"), { optimizer: "Adam", learningRate: 0.001 });
});

Deno.test("ladderRates() goes from a tenth of the least usual rate to ten times the largest", () => {
  assertEquals(ladderRates({ least: 1e-4, most: 0.03 }), [
    1e-5,
    3e-5,
    1e-4,
    3e-4,
    1e-3,
    3e-3,
    0.01,
    0.03,
    0.1,
    0.3,
  ]);
  assertEquals(ladderRates({ least: 0.011, most: 0.09 }), [3e-3, 0.01, 0.03, 0.1, 0.3]);
});

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
  assertEquals(suggested, Array(3).fill({ optimizer: "Adam", learningRate: 3e-3 }));
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
  // Every second rate and, if that is too many, every second of those; and the compiled one.
  const own = compiledWith(tf.train.adam(3e-4));
  const rates = async (budgetSeconds: number) =>
    (await searched(own, { budgetSeconds })).rates.map(({ learningRate }) => learningRate);
  assertEquals(await rates(0.06), [1e-5, 3e-4, 0.01]);
  assertEquals(await rates(0.08), [1e-5, 1e-4, 3e-4, 1e-3, 0.01, 0.1]);
  model.dispose();
  own.dispose();
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

/** A network, and the comparison of its training with an earlier one that is made up. */
async function opened(fault: DenseFault) {
  const engine = await startEngine();
  const { model, batch } = denseModel(engine.tf, fault);
  const options = { objective: "meanSquaredError" as const };
  const trial = await tryTraining(model, batch, options) as Trial;
  const [own] = trial.attempts;
  assertEquals([trial.attempts.length, own.verdict], [1, "learns"]);
  const against = (earlier: Partial<Attempt>, taken = 0) =>
    learnsSooner(model, batch, options, {
      trial: { ...trial, attempts: [{ ...own, ...earlier }] },
      taken,
    });
  return { steps: own.steps, against, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

Deno.test("learnsSooner() tells two thirds of the steps from more", async () => {
  await using made = await opened({ inputs: (tf, x) => tf.mul(x, 16) });
  const { steps, against } = made;
  // An attempt that may go on notices in the next step that it has learned.
  const needed = steps - 1;
  // Below this, the least number of saved steps counts.
  assert(needed > 30);
  const least = Math.ceil(1.5 * needed);
  assertEquals(await against({ steps: least }), {
    sooner: { before: least, after: needed },
    steps: needed,
    isCut: false,
  });
  const { sooner, isCut } = await against({ steps: least - 1 });
  assertEquals([sooner, isCut], [null, false]);
});

Deno.test("learnsSooner() does not count fewer than fifteen steps", async () => {
  await using made = await opened({});
  const { steps, against } = made;
  const needed = steps - 1;
  assert(needed <= 30);
  const before = needed + 15;
  assertEquals((await against({ steps: before })).sooner, { before, after: needed });
  assertEquals((await against({ steps: before - 1 })).sooner, null);
});

Deno.test("learnsSooner() asks for clearly more of a network than of one that did not learn", async () => {
  await using made = await opened({ inputs: (tf, x) => tf.mul(x, 8) });
  const { steps, against } = made;
  assertEquals((await against({ steps, fit: 0.1 })).sooner, { before: steps, after: steps });
  // In half of the steps it is not yet there.
  assertEquals((await against({ steps: Math.floor(steps / 2), fit: 0.4 })).sooner, null);
});

Deno.test("learnsSooner() stays within what the budget leaves", async () => {
  await using made = await opened({});
  const { steps, against } = made;
  assertEquals(await against({ steps: 2 * steps + 10 }, 1e9), {
    sooner: null,
    steps: 0,
    isCut: true,
  });
});
