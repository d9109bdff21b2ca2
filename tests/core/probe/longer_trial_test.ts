import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { resolveLosses } from "../../../src/core/measure/resolve_objective.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { fitScale } from "../../../src/core/probe/fit.ts";
import { openProbe } from "../../../src/core/probe/open_probe.ts";
import { planTrial, stepSeconds, stepWork } from "../../../src/core/probe/plan_trial.ts";
import {
  type Attempt,
  countStill,
  judgeAttempt,
  judgeTrial,
  type Trial,
} from "../../../src/core/probe/trial.ts";
import { TRIAL_BUDGET } from "../../../src/core/probe/probe_options.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { makeAttempt, makeLayer } from "../../networks/probes.ts";
import { classes, classifier } from "../../networks/trained_models.ts";

async function tried(
  tf: TensorFlow,
  model: LayersModel,
  { steps, rate }: { steps?: number; rate?: number } = {},
): Promise<Trial["attempts"]> {
  const { labels: _, ...batch } = classes(tf);
  const optimizer = rate === undefined ? undefined : tf.train.adam(rate);
  const trial = await tryTraining(model, batch, { steps, optimizer });
  assert("attempts" in trial);
  return trial.attempts;
}

Deno.test("tryTraining() goes on, three times as long at most, while the loss falls", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Each step helps, and six are too few.
  const [short] = await tried(tf, classifier(tf), { steps: 2, rate: 5e-4 });
  assertEquals([short.steps, short.verdict], [6, "fails"]);
  const [long] = await tried(tf, classifier(tf), { rate: 1.5e-4 });
  assertEquals(long.verdict, "learns");
  assert(long.steps > 40 && long.steps < 120, `${long.steps} steps`);
});

Deno.test("tryTraining() stops after the steps that are asked for where the loss stands", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const zeros = { kernelInitializer: "zeros" };
  const attempts = await tried(tf, classifier(tf, { hidden: zeros, head: zeros }), { steps: 7 });
  assertEquals(attempts.map(({ steps }) => steps), [7, 7, 7]);
});

Deno.test("tryTraining() tries a compiled Adam at the rates of Adam alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = classifier(tf, { hidden: { kernelInitializer: "zeros" } });
  const rates = async (rate: number) => {
    model.compile({ optimizer: tf.train.adam(rate), loss: "categoricalCrossentropy" });
    return (await tried(tf, model, { steps: 1 })).map(({ learningRate }) => learningRate);
  };
  assertEquals(await rates(1e-3), [1e-3, 3e-3, 1e-2]);
  assertEquals(await rates(1e-5), [1e-5, 3e-3, 1e-2, 1e-3]);
});

Deno.test("fitScale() knows what guessing costs a loss that takes logits", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const fitOf = (loss: "softmaxCrossEntropy" | "sigmoidCrossEntropy", values: number[][]) => {
    const targets = [tf.tensor2d([[1, 0], [1, 0], [0, 1], [1, 0]])];
    const objective = resolveLosses(tf, [tf.losses[loss] as never], targets);
    const outputs = [tf.tensor2d(values)];
    const first = tf.tidy(() => objective.evaluate(outputs).dataSync()[0]);
    const given = { outputs, targets, drawn: false, first, weights: 100 };
    const scale = fitScale(tf, objective, given);
    return { guess: scale.guess, fit: scale.of(outputs, first).fit };
  };
  const entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
  const odds = Math.log(3);
  for (const loss of ["softmaxCrossEntropy", "sigmoidCrossEntropy"] as const) {
    const { guess, fit } = fitOf(loss, Array(4).fill([odds / 2, -odds / 2]));
    assertAlmostEquals(guess!, entropy, 1e-5);
    // Each of two sigmoids is separate, so that half of the odds is too little for them.
    if (loss === "softmaxCrossEntropy") assertAlmostEquals(fit!, 0, 1e-4);
    else assert(fit! < -0.05, `${fit}`);
    const right = fitOf(loss, [[9, -9], [9, -9], [-9, 9], [9, -9]]);
    assert(right.fit! > 0.99, `${right.fit}`);
  }
});

Deno.test("fitScale() takes few right answers for luck, and most for learning", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Four classes, two examples of each; the loss is far above guessing, since one answer is very wrong.
  const labels = [0, 0, 1, 1, 2, 2, 3, 3];
  const targets = [tf.oneHot(tf.tensor1d(labels, "int32"), 4).toFloat()];
  const objective = resolveLosses(tf, ["categoricalCrossentropy"], targets);
  const fitOf = (answers: number[]) => {
    const outputs = [tf.softmax(tf.mul(tf.oneHot(tf.tensor1d(answers, "int32"), 4), 20))];
    const loss = tf.tidy(() => objective.evaluate(outputs).dataSync()[0]);
    const given = { outputs, targets, drawn: false, first: 1.1 * loss, weights: 100 };
    return fitScale(tf, objective, given).of(outputs, loss).fit!;
  };
  // Right answers beyond the most frequent class: 3 of 6, and 2 of 6.
  assertAlmostEquals(fitOf([0, 0, 1, 1, 2, 0, 0, 0]), 0.5, 1e-6);
  assert(fitOf([0, 0, 1, 1, 0, 0, 0, 0]) < -2);
});

const GUESS = 2;

const judged = (given: Partial<Attempt>, canBeFitted = true) =>
  judgeAttempt(makeAttempt(given), { canBeFitted });

Deno.test("judgeAttempt() goes by the fit", () => {
  assertEquals(judged({ fit: 0.5 }), "learns");
  assertEquals(judged({ fit: 0.49 }), "slow");
  assertEquals(judged({ fit: 0.3 }), "slow");
  assertEquals(judged({ fit: 0.29 }), "fails");
});

Deno.test("judgeAttempt() knows no more than that the loss falls where it has no scale", () => {
  const loss = (last: number) => ({ fit: null, loss: { first: -1, last, least: last } });
  assertEquals(judged(loss(-2)), "undecided");
  assertEquals(judged(loss(-1)), "fails");
});

Deno.test("judgeAttempt() does not blame a network for targets that cannot be fitted", () => {
  assertEquals(judged({ fit: 0.5 }, false), "learns");
  assertEquals(judged({ fit: 0.4 }, false), "undecided");
  assertEquals(judged({ fit: 0 }, false), "undecided");
  assertEquals(judged({ fit: 0, nonFiniteStep: 3 }, false), "fails");
});

Deno.test("judgeAttempt() takes what hardly moves for no learning", () => {
  const layers = (still: number, moved = 0.05) => {
    const all = [0, 1, 2, 3].map((i) => makeLayer({ moved: i < still ? moved : 1 }));
    return { layers: all, stillLayers: countStill(all) };
  };
  assertEquals(judged({ fit: 0.9, ...layers(2) }), "learns");
  assertEquals(judged({ fit: 0.9, ...layers(3) }), "slow");
  assertEquals(judged({ fit: 0.9, ...layers(3, 0.051) }), "learns");
  assertEquals(judged({ fit: 0.3, ...layers(2) }), "slow");
  assertEquals(judged({ fit: 0.3, ...layers(3) }), "fails");
});

Deno.test("judgeAttempt() fails whose penalties outweigh the loss", () => {
  const penalty = (gradientRatio: number | null) => ({
    fit: 0.9,
    penalty: { first: 9, last: 9, gradientRatio },
  });
  assertEquals(judged(penalty(20)), "learns");
  assertEquals(judged(penalty(20.1)), "fails");
  assertEquals(judged(penalty(null)), "learns");
});

const trial = (...given: Partial<Attempt>[]) =>
  judgeTrial(given.map(makeAttempt), { guess: GUESS });

Deno.test("judgeTrial() goes by the attempt that came furthest", () => {
  const fails = { verdict: "fails", fit: 0.1 } as const;
  const slow = { verdict: "slow", fit: -2 } as const;
  assertEquals(trial(fails, slow, fails).best, 1);
  assertEquals(trial(fails, { ...fails, fit: 0.11 }).best, 1);
  assertEquals(trial(fails, fails).best, 0);
  assertEquals(trial({ verdict: "fails", fit: null }, fails).best, 1);
  const { verdict, givenVerdict } = trial({ ...fails, given: true }, { verdict: "learns", fit: 1 });
  assertEquals({ verdict, givenVerdict }, { verdict: "learns", givenVerdict: "fails" });
  assertEquals(trial(fails).givenVerdict, null);
});

Deno.test("judgeTrial() names the reason", () => {
  const fails = { verdict: "fails", fit: 0 } as const;
  const ends = (last: number) => ({ ...fails, loss: { first: 2.5, last, least: last } });
  const layers = [makeLayer({ moved: 0 })];
  assertEquals(trial({ ...fails, nonFiniteStep: 1 }).reason, "not finite");
  const penalty = { first: 9, last: 9, gradientRatio: 25 };
  assertEquals(trial({ ...fails, penalty }).reason, "penalties");
  assertEquals(trial({ ...fails, layers, stillLayers: 1 }).reason, "still layers");
  assertEquals(trial(ends(2.09)).reason, "guessing");
  assertEquals(trial(ends(2.11)).reason, "no progress");
  const slow = { verdict: "slow", fit: 0.3 } as const;
  assertEquals(trial(slow).reason, null);
  assertEquals(trial({ ...slow, layers, stillLayers: 1 }).reason, "still layers");
  assertEquals(trial({ verdict: "learns", layers, stillLayers: 1 }).reason, null);
});

Deno.test("judgeTrial() takes no network for one that learns that learned fewer than 8 examples for lack of time", () => {
  const learns = makeAttempt({ verdict: "learns", fit: 0.6 });
  const on = (examples?: number) =>
    judgeTrial([learns], { guess: GUESS, ...examples === undefined ? {} : { examples } }).verdict;
  assertEquals([on(), on(8), on(7)], ["learns", "learns", "undecided"]);
  const broken = makeAttempt({ verdict: "fails", nonFiniteStep: 2 });
  const { verdict, reason } = judgeTrial([broken], { guess: GUESS, examples: 2 });
  assertEquals([verdict, reason], ["fails", "not finite"]);
});

Deno.test("judgeTrial() fails no network for a few steps on fewer than 8 examples that stay finite", () => {
  const broken = { verdict: "fails", nonFiniteStep: 2, fit: NaN } as const;
  const layers = [makeLayer({ moved: 0 })];
  const still = { verdict: "fails", fit: 0, layers, stillLayers: 1 } as const;
  const drowned = { verdict: "fails", fit: 0.1, penalty: { first: 9, last: 9, gradientRatio: 25 } };
  for (const last of [still, drowned as Partial<Attempt>]) {
    const on = (examples: number) =>
      judgeTrial([broken, last].map(makeAttempt), { guess: GUESS, examples });
    assertEquals([on(7).verdict, on(7).reason, on(8).verdict], ["undecided", null, "fails"]);
  }
});

Deno.test("judgeTrial() takes a given batch for learned in any steps, and for not learned in enough", () => {
  const on = (last: Partial<Attempt>, isShort: boolean) => {
    const { verdict, reason } = judgeTrial([makeAttempt(last)], { guess: GUESS, isShort });
    return [verdict, reason];
  };
  for (const isShort of [false, true]) {
    assertEquals(on({ verdict: "learns", fit: 0.6 }, isShort), ["learns", null]);
    const broken = on({ verdict: "fails", nonFiniteStep: 2 }, isShort);
    assertEquals(broken, ["fails", "not finite"]);
  }
  const still = { layers: [makeLayer({ moved: 0 })], stillLayers: 1 };
  assertEquals(on({ verdict: "fails", fit: 0, ...still }, false), ["fails", "still layers"]);
  assertEquals(on({ verdict: "fails", fit: 0, ...still }, true), ["undecided", null]);
  assertEquals(on({ verdict: "slow", fit: 0.4 }, true), ["undecided", null]);
});

Deno.test("tryTraining() takes a given batch of 4 examples for what it is, unless it has too few steps", async () => {
  await using engine = await startEngine();
  const { initializers, layers, sequential, tensor2d, train } = engine.tf;
  const inputs = tensor2d([[1, 1], [1, 0], [0, 0], [0, 1]]);
  const batch = { inputs, targets: tensor2d([[1], [1], [0], [0]]) };
  /** Verdict of this many steps on a network that learns, or whose relus are all off. */
  const verdictIn = async (count: number, isOff: boolean) => {
    const kernelInitializer = isOff ? "zeros" : initializers.glorotNormal({ seed: 1 });
    const biasInitializer = initializers.constant({ value: isOff ? -1 : 0.5 });
    const hidden = { units: 8, kernelInitializer, biasInitializer } as const;
    const model = sequential({
      layers: [
        layers.dense({ ...hidden, activation: "relu", inputShape: [2] }),
        layers.dense({ ...hidden, activation: "relu" }),
        layers.dense({ units: 1 }),
      ],
    });
    const probe = await openProbe(model, batch, {});
    const trial = await tryTraining(model, batch, {
      budgetSeconds: (count + 1.5) * stepSeconds(probe, 4),
      optimizer: train.adam(0.1),
      objective: "meanSquaredError",
    });
    model.dispose();
    return "verdict" in trial ? trial.verdict : "skipped";
  };
  assertEquals(await verdictIn(40, false), "learns");
  assertEquals(await verdictIn(1000, true), "fails");
  assertEquals(await verdictIn(3, true), "undecided");
  engine.tf.dispose([inputs, batch.targets]);
});

/** LeNet-5, as it is built for digits of 28 x 28. */
function leNet({ layers, sequential }: TensorFlow): LayersModel {
  const activation = "tanh" as const;
  return sequential({
    name: "lenet",
    layers: [
      layers.conv2d({
        filters: 6,
        kernelSize: 5,
        padding: "same",
        activation,
        inputShape: [28, 28, 1],
      }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 5, activation }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 120, activation }),
      layers.dense({ units: 84, activation }),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

Deno.test("stepSeconds() counts a convolution from 1 or 2 channels as one from 3", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const secondsFrom = (channels: number) => {
    const inputShape = [64, 64, channels];
    const model = sequential({
      layers: [layers.conv2d({ inputShape, filters: 16, kernelSize: 7 })],
    });
    const seconds = stepSeconds({ model, inputs: [{ shape: [8, ...inputShape] } as Tensor] }, 8);
    model.dispose();
    return seconds;
  };
  const [one, three, six] = [1, 3, 6].map(secondsFrom);
  assertAlmostEquals(one / three, 1, 0.1);
  assert(six / three > 1.5, `${six / three}`);
});

Deno.test("planTrial() takes fewer examples, then fewer steps, and skips what shows nothing unless it must not", async () => {
  await using engine = await startEngine();
  const model = leNet(engine.tf);
  const batch = randomBatch(model, { seed: 0 });
  const probe = await openProbe(model, batch, {});
  const plan = (budgetSeconds: number, options: { always?: boolean; few?: boolean } = {}) =>
    planTrial(probe, { steps: 40, budgetSeconds, always: false, ...options });
  const whole = stepSeconds(probe, 32);
  const eighth = stepSeconds(probe, 8);
  assert(whole > 2 * eighth);
  // The looks at the network take as long as a step.
  assertEquals(plan(100.5 * whole), { examples: 32, steps: 99 });
  assertEquals(plan(41.5 * stepSeconds(probe, 16)), { examples: 16, steps: 40 });
  assertEquals(plan(12.5 * eighth), { examples: 8, steps: 11 });
  assertEquals(plan(10.5 * eighth), { seconds: 11 * eighth });
  // Few examples prove no learning, but show what diverges.
  const few = { few: true };
  assertEquals(plan(11.5 * eighth, few), { examples: 8, steps: 10 });
  const { steps } = plan(10.5 * eighth, few) as { steps: number };
  assertEquals(plan(10.5 * eighth, few), { examples: 4, steps });
  assert(steps >= 9, `${steps}`);
  const pair = stepSeconds(probe, 2);
  // Weights are updated whatever the examples, so four examples cost little more than two.
  assertEquals(plan(4.1 * pair, few), { examples: 2, steps: 3 });
  assertEquals(plan(3.1 * pair, few), { examples: 2, steps: 2 });
  assertEquals(plan(2.9 * pair, few), { seconds: 3 * pair });
  // However long it takes.
  assertEquals(plan(9.5 * eighth, { always: true }), { examples: 8, steps: Infinity });
  assertEquals(plan(41.5 * whole, { always: true }), { examples: 32, steps: Infinity });
  // Failing attempts at a PyTorch program are made again with its buffers held.
  const buffer = engine.tf.variable(engine.tf.scalar(0));
  Object.assign(model.layers[0], { carriedState: [buffer] });
  assertEquals(plan(100.5 * whole), { examples: 32, steps: 49 });
  buffer.dispose();
  engine.tf.dispose(batch.inputs);
  model.dispose();
});

/** An LSTM of 128 units over 80 words of 20,000. */
function lstm({ layers, sequential }: TensorFlow): LayersModel {
  return sequential({
    layers: [
      layers.embedding({ inputDim: 20_000, outputDim: 128, inputLength: 80 }),
      layers.lstm({ units: 128 }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ],
  });
}

/** ResNet-20 for pictures of 32 x 32 (He and others 2015). */
function resNet20({ input, layers, model }: TensorFlow): LayersModel {
  type Symbolic = ReturnType<TensorFlow["input"]>;
  const convolve = (x: Symbolic, filters: number, strides: number) => {
    const conv = layers.conv2d({ filters, kernelSize: 3, strides, padding: "same" }).apply(x);
    return layers.batchNormalization().apply(conv) as Symbolic;
  };
  const relu = (x: Symbolic) => layers.reLU().apply(x) as Symbolic;
  const inputs = input({ shape: [32, 32, 3] });
  let x = relu(convolve(inputs, 16, 1));
  for (let block = 0; block < 9; block++) {
    const filters = 16 * 2 ** Math.floor(block / 3);
    const strides = block === 3 || block === 6 ? 2 : 1;
    const shortcut = strides === 1
      ? x
      : layers.conv2d({ filters, kernelSize: 1, strides }).apply(x) as Symbolic;
    const branch = convolve(relu(convolve(x, filters, strides)), filters, 1);
    x = relu(layers.add().apply([shortcut, branch]) as Symbolic);
  }
  const pooled = layers.globalAveragePooling2d({} as never).apply(x);
  const outputs = layers.dense({ units: 10, activation: "softmax" }).apply(pooled) as Symbolic;
  return model({ inputs, outputs });
}

for (
  const [name, build] of Object.entries({
    "an LSTM": lstm,
    "a ResNet-20": resNet20,
    "a LeNet": leNet,
  })
) {
  Deno.test(`${name} is tried within the default budget`, async () => {
    await using engine = await startEngine();
    const model = build(engine.tf);
    const batch = randomBatch(model, { seed: 0 });
    const probe = await openProbe(model, batch, {});
    const plan = planTrial(probe, { steps: 40, budgetSeconds: TRIAL_BUDGET, always: false });
    assert(!("seconds" in plan) && plan.steps >= 40 && plan.examples >= 8, JSON.stringify(plan));
    engine.tf.dispose(batch.inputs);
    model.dispose();
  });
}

Deno.test("a LeNet on 32 digits is tried within the default budget, whole, and with a single step", async () => {
  await using engine = await startEngine();
  const model = leNet(engine.tf);
  const batch = randomBatch(model, { seed: 0, objective: "categoricalCrossentropy" });
  const objective = "categoricalCrossentropy";
  const whole = await tryTraining(model, batch, { objective });
  assert("verdict" in whole);
  assertEquals([whole.examples, whole.untried], [undefined, undefined]);
  // `check` has 3 s, of which starting and the pass take less than one.
  const probe = await openProbe(model, batch, {});
  const { steps } = whole.attempts[0];
  const seconds = steps * stepSeconds(probe, 32);
  assert(seconds < 2 && whole.attempts.length === 1, `${steps} steps, ${seconds} s`);
  const one = await tryTraining(model, batch, { objective, steps: 1 });
  assert("verdict" in one);
  assertNotEquals(one.attempts.length, 0);
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});

Deno.test("tryTraining() says on how many examples, leaves no tensor, and calls nothing failed that was cut short", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = leNet(tf);
  const objective = "categoricalCrossentropy";
  const batch = randomBatch(model, { seed: 0, objective });
  const probe = await openProbe(model, batch, {});
  const budgetSeconds = 12 * stepSeconds(probe, 8);
  const { numTensors } = tf.memory();
  // At a rate that learns nothing.
  const optimizer = tf.train.sgd(1e-9);
  const trial = await tryTraining(model, batch, { objective, budgetSeconds, optimizer });
  assert("verdict" in trial);
  assertEquals([trial.examples, trial.verdict, trial.reason], [8, "undecided", null]);
  assert(trial.untried! > 0);
  assertEquals(trial.attempts[0].cut, true);
  optimizer.dispose();
  assert(tf.memory().numTensors <= numTensors);
  const again = await tryTraining(model, batch, { objective, budgetSeconds, optimizer });
  assertEquals(again, trial);
  tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});

Deno.test("tryTraining() goes on where penalties pull harder than the loss, and sees who wins", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { labels: _, ...batch } = classes(tf);
  const under = async (l2: number) => {
    const model = classifier(tf, { hidden: { kernelRegularizer: tf.regularizers.l2({ l2 }) } });
    model.compile({ optimizer: tf.train.adam(0.003), loss: "categoricalCrossentropy" });
    const trial = await tryTraining(model, batch);
    model.dispose();
    assert("attempts" in trial);
    return trial;
  };
  const ratioOf = ({ attempts: [{ penalty }] }: Trial) => penalty.gradientRatio!;
  // Weaker than the loss: the batch is fitted, and that is all.
  const weak = await under(0.1);
  assert(ratioOf(weak) < 1 && weak.attempts[0].steps < 40);
  assertEquals(weak.verdict, "learns");
  // Stronger: the batch stays fitted all the same.
  const even = await under(0.3);
  assert(ratioOf(even) > 1);
  assertEquals([even.verdict, even.attempts[0].steps], ["learns", 120]);
  // Fitted on the way, and lost again, which no other rate would change.
  const strong = await under(1);
  assert(ratioOf(strong) < 20);
  assertEquals([strong.verdict, strong.reason], ["fails", "penalties"]);
  assertEquals(strong.attempts.map(({ penalty }) => penalty.won), [true]);
});

Deno.test("stepSeconds() knows the convolutions that are slow, and those in tiles that are not", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  /** Seconds besides those of the same layer with hardly any products. */
  const secondsOf = (
    filters: number,
    options: { isDepthwise?: boolean; kernelSize?: number } = {},
  ) => {
    const { isDepthwise = false, kernelSize = 3 } = options;
    const inputShape = [16, 16, filters];
    const seconds = (size: number) => {
      const given = { kernelSize: size, padding: "same", inputShape, useBias: false } as const;
      const layer = isDepthwise
        ? layers.depthwiseConv2d(given)
        : layers.conv2d({ filters, ...given });
      const model = sequential({ layers: [layer] });
      const step = stepSeconds({ model, inputs: [{ shape: [16, ...inputShape] } as Tensor] }, 16);
      model.dispose();
      return step;
    };
    return (seconds(kernelSize) - seconds(1)) / (kernelSize ** 2 - 1);
  };
  // Fewer than 16 channels out count as 16.
  assertAlmostEquals(secondsOf(8) / secondsOf(16), 1 / 2, 0.02);
  assertAlmostEquals(secondsOf(16) / secondsOf(24), (16 / 24) ** 2, 0.02);
  // A product of a depthwise kernel counts as seven.
  assertAlmostEquals(secondsOf(24, { isDepthwise: true }) / secondsOf(24), 7 / 24, 0.02);
  // Channels that are not a multiple of 8 are not computed in tiles.
  assertAlmostEquals(secondsOf(36) / secondsOf(24), (36 / 24) ** 2, 0.05);
  // In tiles, from 64 channels on, windows of 3 x 3 take half the time; others do not.
  const five = secondsOf(64, { kernelSize: 5 });
  assertAlmostEquals(five / secondsOf(24, { kernelSize: 5 }), (64 / 24) ** 2, 0.05);
  const whole = 9 * secondsOf(64) - 8 * five;
  assert(whole < 0, `${whole}`);
});

Deno.test("stepSeconds() counts each step of a recurrent layer as a fifth of a call, and its gates where it goes step by step", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const callsOf = (kind: "simpleRNN" | "lstm" | "gru", options: object = {}, isMasked = false) => {
    const secondsOf = (steps: number) => {
      const inputShape = [steps, 1];
      const rnn = layers[kind]({ units: 1, inputShape, ...options } as never);
      const mask = layers.masking({ maskValue: 0, inputShape });
      const model = sequential({ layers: isMasked ? [mask, rnn] : [rnn] });
      const { calls } = stepWork({ model, inputs: [{ shape: [1, ...inputShape] } as Tensor] }, 1);
      model.dispose();
      return calls;
    };
    return (secondsOf(200) - secondsOf(100)) / 100 / 1e-4;
  };
  assertAlmostEquals(callsOf("simpleRNN"), 0.2, 1e-6);
  assertAlmostEquals(callsOf("lstm"), 0.2, 1e-6);
  assertAlmostEquals(callsOf("lstm", {}, true), 0.2, 1e-6);
  // Dropout in the cell, for which no sequence is computed as a whole.
  assertAlmostEquals(callsOf("simpleRNN", { recurrentDropout: 0.1 }), 1.5, 1e-6);
  assertAlmostEquals(callsOf("gru", { dropout: 0.1 }), 4.5, 1e-6);
  assertAlmostEquals(callsOf("lstm", { dropout: 0.1 }), 6, 1e-6);
  // The step itself, and one call.
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
  assertAlmostEquals(
    stepSeconds({ model, inputs: [{ shape: [1, 1] } as Tensor] }, 1),
    5e-4 + 1e-4,
    1e-6,
  );
  model.dispose();
});

Deno.test("stepSeconds() counts the update of each weight", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const secondsOf = (inputDim: number) => {
    const model = sequential({
      layers: [layers.embedding({ inputDim, outputDim: 10, inputLength: 1 })],
    });
    const seconds = stepSeconds({ model, inputs: [{ shape: [1, 1] } as Tensor] }, 1);
    model.dispose();
    return seconds;
  };
  // And the memory of a weight and its gradient, 4 bytes each.
  const expected = 5e-9 * 1e6 + 8e6 / 1.2e9;
  assertAlmostEquals(secondsOf(200_000) - secondsOf(100_000), expected, 1e-5);
});

Deno.test("stepSeconds() counts two cores for a pass that is worth them", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const model = sequential({
    layers: [layers.dense({ units: 4096, inputShape: [4096], kernelInitializer: "zeros" })],
  });
  // 6 operations for each weight and example: 4e9 of them are those of 39.7 examples.
  const secondsOf = (batch: number) =>
    stepSeconds({ model, inputs: [{ shape: [batch, 4096] } as Tensor] }, 8);
  assertEquals(secondsOf(39), secondsOf(8));
  assert(secondsOf(40) > 0.53 * secondsOf(39) && secondsOf(40) < 0.75 * secondsOf(39));
  model.dispose();
});
