import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import type { LossFunction } from "../../../src/core/model/objective.ts";
import { type OutputLoss, resolveLosses } from "../../../src/core/measure/resolve_objective.ts";
import { kerasLoss } from "../../../src/core/model/loss_functions.ts";
import { parseLoss } from "../../../src/ground/traits/parse_loss.ts";
import { fitScale } from "../../../src/core/probe/fit.ts";

const engine = await startEngine();
const { tf } = engine;

interface Case {
  losses: OutputLoss[];
  targets: Tensor[];
  /** Before training; default: zeros. */
  start?: Tensor[];
  /** After training. */
  outputs: Tensor[];
}

function fitOf(
  { losses, targets, outputs, start = outputs.map((one) => tf.zerosLike(one)) }: Case,
) {
  const objective = resolveLosses(tf, losses, targets);
  const loss = (answers: Tensor[]) => tf.tidy(() => objective.evaluate(answers).dataSync()[0]);
  const { numTensors } = tf.memory();
  const scale = fitScale(tf, objective, {
    outputs: start,
    targets,
    drawn: false,
    first: loss(start),
    weights: 100,
  });
  const found = { guess: scale.guess, ...scale.of(outputs, loss(outputs)) };
  assertEquals(tf.memory().numTensors, numTensors);
  return found;
}

const column = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const numbers = column(1, 2, 3, 10);

Deno.test("fitScale() is R2 for the mean squared error", () => {
  const fit = (outputs: Tensor) =>
    fitOf({ losses: ["meanSquaredError"], targets: [numbers], outputs: [outputs] });
  assertAlmostEquals(fit(column(4, 4, 4, 4)).fit!, 0, 1e-6);
  assertEquals(fit(numbers).fit, 1);
  // Residuals of 1 against a variance of 12.5.
  assertAlmostEquals(fit(column(2, 3, 4, 11)).fit!, 1 - 1 / 12.5, 1e-6);
  assertEquals(fit(column(4, 4, 4, 4)), { guess: 12.5, fit: 0, accuracy: null });
  assert(fit(column(-90, 0, 0, 90)).fit! < -10);
});

const shares = [0.5, 0.25, 0.25];
const entropy = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
const oneHot = tf.tensor2d([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]);
const labels = column(0, 0, 1, 2);

for (
  const [loss, targets] of [
    ["categoricalCrossentropy", oneHot],
    ["sparseCategoricalCrossentropy", labels],
  ] as const
) {
  Deno.test(`fitScale() goes from the shares of the classes to all right for ${loss}`, () => {
    // Confident and wrong: every other answer has a lower loss.
    const start = [tf.softmax(tf.mul(oneHot, -9)) as Tensor];
    const fit = (outputs: Tensor) =>
      fitOf({ losses: [loss], targets: [targets], outputs: [outputs], start });
    const guessing = fit(tf.tile(tf.tensor2d([shares]), [4, 1]));
    assertAlmostEquals(guessing.guess!, entropy, 1e-6);
    assertAlmostEquals(guessing.fit!, 0, 1e-5);
    assertEquals(guessing.accuracy, 0.5);
    const right = fit(oneHot);
    assertAlmostEquals(right.fit!, 1, 1e-5);
    assertEquals(right.accuracy, 1);
    // Right, if barely: the classes count where the loss is still high.
    const barely = fit(tf.softmax(tf.mul(oneHot, 0.1)));
    assertEquals([barely.fit, barely.accuracy], [1, 1]);
    // Three of four: half of what the most frequent class leaves open.
    const most = fit(tf.softmax(tf.tensor2d([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])));
    assertEquals([most.fit, most.accuracy], [0.5, 0.75]);
  });
}

Deno.test("fitScale() takes one unit of 0 or 1 for two classes", () => {
  const found = fitOf({
    losses: ["binaryCrossentropy"],
    targets: [column(0, 0, 1, 1)],
    outputs: [column(0.4, 0.45, 0.55, 0.6)],
  });
  assertEquals([found.fit, found.accuracy], [1, 1]);
  assertAlmostEquals(found.guess!, Math.LN2, 1e-5);
});

Deno.test("fitScale() counts right answers in two classes if they are not luck, from 27 of 32 on", () => {
  const labels = (rows: number) => Array.from({ length: rows }, (_, i) => i % 2);
  /** Answers of which the first are wrong; a log-odds of 0.4 is a loss of 0.51 or 0.91. */
  const fit = (rows: number, wrong: number, odds = 0.4) => {
    const answers = labels(rows).map((label, i) => (label === Number(i < wrong) ? -odds : odds));
    return fitOf({
      losses: ["bce_with_logits"],
      targets: [column(...labels(rows))],
      outputs: [column(...answers)],
      start: [column(...answers.map((answer) => -9 * answer))],
    });
  };
  const lucky = fit(32, 6);
  assertEquals(lucky.accuracy, 26 / 32);
  assert(lucky.fit! < 0.3, `${lucky.fit}`);
  assertEquals(fit(32, 5).fit, 2 * 27 / 32 - 1);
  // All of 12 may be right by luck: they say too little.
  assertAlmostEquals(fit(12, 2).fit!, 2 * 10 / 12 - 1, 1e-6);
  // Eight wrong answers keep the loss far above guessing, which says nothing about the others.
  const far = fit(32, 8, 12);
  assertAlmostEquals(far.fit!, 0.5, 1e-6);
});

Deno.test("fitScale() asks more right answers than luck gives of a model that knows its batch before the first step", () => {
  /** Fit of answers whose loss is that of the start, of `rows` examples in two classes. */
  const fit = (rows: number, wrong: number, odds = 0.1) => {
    const labels = Array.from({ length: rows }, (_, i) => i % 2);
    const answers = labels.map((label, i) => (label === Number(i < wrong) ? -odds : odds));
    const outputs = [column(...answers)];
    return fitOf({
      losses: ["bce_with_logits"],
      targets: [column(...labels)],
      outputs,
      start: outputs,
    }).fit!;
  };
  assert(fit(4, 1) < 0.1);
  assert(fit(4, 0) < 0.1);
  assert(fit(13, 0) < 0.1);
  assertEquals(fit(14, 0), 1);
  assert(fit(32, 6) < 0.1);
  assertEquals(fit(32, 5), 2 * 27 / 32 - 1);
  // Nor does a loss far above guessing show that the others are known.
  assert(fit(32, 8, 12) <= 0);
  // Where the loss shows it, few examples may be known.
  assert(fit(4, 0, 3) > 0.5);
});

Deno.test("fitScale() takes outputs without an axis of units for one number per example", () => {
  const given = tf.tensor1d([1, 2, 3, 10]);
  const of = (loss: OutputLoss, targets: Tensor, outputs: Tensor) =>
    fitOf({ losses: [loss], targets: [targets], outputs: [outputs] });
  const squared = of("mse_loss", given, given);
  assertAlmostEquals(squared.guess!, 12.5, 1e-5);
  assertEquals(squared.fit, 1);
  // The median is the best answer to absolute errors.
  assertAlmostEquals(of("l1_loss", given, given).guess!, 2.5, 1e-5);
  const labels = tf.tensor1d([0, 0, 0, 1]);
  const right = of("bce_with_logits", labels, tf.tensor1d([-9, -9, -9, 9]));
  assertAlmostEquals(right.guess!, -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 1e-5);
  assertEquals(right.accuracy, 1);
  assertEquals(of("bce_with_logits", labels, tf.tensor1d([-9, -9, -9, -9])).accuracy, 0.75);
});

Deno.test("fitScale() takes the least of all outputs, and leaves out what is not trained", () => {
  const targets = [numbers, column(5, 6, 7, 8)];
  const both: OutputLoss[] = ["meanSquaredError", "meanSquaredError"];
  const start = [column(0, 0, 0, 0), column(0, 0, 0, 0)];
  const half = [numbers, column(6.5, 6.5, 6.5, 6.5)];
  assertAlmostEquals(fitOf({ losses: both, targets, outputs: half, start }).fit!, 0, 1e-5);
  // Residuals of 1 against a variance of 12.5, and of 1/2 against one of 1.25: the second is the least.
  const near = [column(2, 3, 4, 11), column(5.5, 6.5, 7.5, 8.5)];
  const found = fitOf({ losses: both, targets, outputs: near, start });
  assertAlmostEquals(found.fit!, 1 - 0.25 / 1.25, 1e-5);
  assertAlmostEquals(found.guess!, 13.75, 1e-5);
  assertEquals(found.least, 1);
  const one = fitOf({ losses: ["meanSquaredError", null], targets, outputs: half, start });
  assertEquals([one.guess, one.fit], [12.5, 1]);
});

Deno.test("fitScale() goes from the best constant answer to 0 where the loss has no name", () => {
  const own = (targets: Tensor, outputs: Tensor) => tf.mean(tf.abs(tf.sub(targets, outputs)));
  const fit = (outputs: Tensor) => fitOf({ losses: [own], targets: [numbers], outputs: [outputs] });
  // The median, 2 to 3, is 2.5 off on average.
  assertAlmostEquals(fit(column(2.5, 2.5, 2.5, 2.5)).guess!, 2.5, 0.01);
  assertAlmostEquals(fit(column(2.5, 2.5, 2.5, 2.5)).fit!, 0, 0.01);
  assertAlmostEquals(fit(tf.mul(numbers, 0.75)).fit!, 1 - 1 / 2.5, 0.01);
  assertEquals(fit(numbers).fit, 1);
  const negative = (_: Tensor, outputs: Tensor) => tf.mean(outputs);
  const outputs = [column(-1, -1, -1, -1)];
  assertEquals(fitOf({ losses: [negative], targets: [numbers], outputs }).fit, null);
});

Deno.test("fitScale() goes by the classes or by a loss without a name, whichever is further", () => {
  // The least loss is 1, far from 0: right classes show more than it does.
  const own = (targets: Tensor, outputs: Tensor) =>
    tf.add(tf.losses.softmaxCrossEntropy(targets, outputs), 1);
  const right = tf.mul(oneHot, 20);
  const found = fitOf({ losses: [own as OutputLoss], targets: [oneHot], outputs: [right] });
  assertEquals([found.fit, found.accuracy], [1, 1]);
  // A distance is small where the target is 1: taken for classes, all of them are wrong.
  const alike = column(1, 0, 1, 0);
  const contrastive = (targets: Tensor, distances: Tensor) =>
    tf.mean(tf.squaredDifference(tf.sub(1, targets), distances));
  const apart = fitOf({ losses: [contrastive], targets: [alike], outputs: [column(0, 1, 0, 1)] });
  assertEquals([apart.fit, apart.accuracy], [1, 0]);
  const same = fitOf({ losses: [contrastive], targets: [alike], outputs: [column(1, 1, 1, 1)] });
  assert(same.fit! < 0);
});

Deno.test("fitScale() goes from the first loss where all targets are alike", () => {
  const targets = [column(5, 5, 5, 5)];
  const fit = (value: number) =>
    fitOf({ losses: ["meanSquaredError"], targets, outputs: [tf.fill([4, 1], value)] }).fit;
  assertEquals(fit(0), 0);
  assertEquals(fit(5), 1);
  assertAlmostEquals(fit(4)!, 1 - 1 / 25, 1e-6);
});

Deno.test("fitScale() goes from the first loss where the targets of a loss without a name stand for none", () => {
  // A ranking: ones for all, and what is put out is to be large. So is a constant, which says nothing.
  const ranking = (_: Tensor, outputs: Tensor) => tf.mean(tf.softplus(tf.neg(outputs)));
  const ones = column(1, 1, 1, 1);
  const fit = (outputs: Tensor) =>
    fitOf({ losses: [ranking], targets: [ones], outputs: [outputs], start: [column(0, 0, 0, 0)] });
  const { guess, fit: shown } = fit(column(3, 4, 3, 5));
  assertEquals(guess, null);
  assert(shown! > 0.9 && shown! < 1, `${shown}`);
  assertEquals(fit(column(0, 0, 0, 0)).fit, 0);
});

Deno.test("fitScale() goes from the loss of zeros if a loss without a guess starts above it", () => {
  // Pairs are to be 1 apart; a collapse costs the margin.
  const margin = (_: Tensor, outputs: Tensor) => {
    const [left, right] = tf.split(outputs, 2) as Tensor[];
    const apart = tf.sub(tf.abs(tf.sub(left, right)), 1);
    return tf.mean(tf.square(apart)) as Tensor;
  };
  const fit = (start: number, end: number) =>
    fitOf({
      losses: [margin],
      targets: [column(1, 1)],
      outputs: [column(0, end)],
      start: [column(0, start)],
    }).fit!;
  // Losses of 81, 64, 1 for zeros, 0.25 and 0.
  assertEquals(fit(10, 9), 1 - 64);
  assertEquals(fit(10, 0), 0);
  assertEquals(fit(10, 0.5), 0.75);
  // A healthy start is below zeros, and counts itself.
  assertEquals(fit(0.5, 1), 1);
  assertEquals(fit(0.5, 0.75), 0.75);
  // Zeros that are perfect, or that the loss rejects, are not an answer to start from.
  const of = (loss: LossFunction) =>
    fitOf({
      losses: [loss],
      targets: [column(1, 1)],
      outputs: [column(2, 2)],
      start: [column(4, 4)],
    }).fit!;
  assertEquals(of((_, outputs) => tf.mean(tf.square(outputs)) as Tensor), 0.75);
  assertEquals(of((_, outputs) => tf.mean(tf.div(tf.square(outputs), tf.abs(outputs)))), 0.5);
});

Deno.test("fitScale() has no fit for a loss that is not finite", () => {
  const outputs = [column(NaN, 1, 2, 3)];
  const found = fitOf({ losses: ["meanSquaredError"], targets: [numbers], outputs });
  assertEquals([found.fit, found.accuracy], [null, null]);
});

for (
  const [weights, drawn, canBeFitted] of [[15, true, false], [16, true, true], [15, false, true]]
) {
  Deno.test(`fitScale() asks four weights for each drawn target: ${weights}, ${drawn}`, () => {
    const objective = resolveLosses(tf, ["meanSquaredError"], [numbers]);
    const given = { outputs: [numbers], targets: [numbers], first: 1 };
    const scale = fitScale(tf, objective, {
      ...given,
      drawn: drawn as boolean,
      weights: weights as number,
    });
    assertEquals(scale.canBeFitted, canBeFitted);
  });
}

Deno.test("fitScale() expects no drawn target for each position to be learned", () => {
  const canBeFitted = (...shape: number[]) => {
    const outputs = [tf.zeros(shape) as Tensor];
    const objective = resolveLosses(tf, ["meanSquaredError"], outputs);
    const given = { outputs, targets: outputs, drawn: true, first: 1, weights: 1000 };
    return fitScale(tf, objective, given).canBeFitted;
  };
  assert(canBeFitted(4) && canBeFitted(4, 3) && canBeFitted(4, 1, 1, 3));
  assert(!canBeFitted(4, 2, 1) && !canBeFitted(4, 1, 2, 3));
});

Deno.test("fitScale() guesses as well as one answer for all examples can, under each loss", () => {
  const guess = (loss: OutputLoss, targets: Tensor) =>
    fitOf({ losses: [loss], targets: [targets], outputs: [targets] }).guess!;
  // The least of all constants, looked for one by one.
  const least = (loss: (constant: number, target: number) => number, targets: number[]) =>
    Math.min(
      ...Array.from({ length: 4001 }, (_, i) => -20 + i / 100).map((constant) =>
        targets.reduce((sum, target) => sum + loss(constant, target) / targets.length, 0)
      ),
    );
  const skewed = [0, 0, 0, 1, 2, 30];
  const signs = [1, 1, 1, 1, -1];
  const cases: [OutputLoss, number[], (constant: number, target: number) => number][] = [
    ["meanAbsoluteError", skewed, (c, t) => Math.abs(c - t)],
    ["meanAbsolutePercentageError", [1, 2, 3, 40], (c, t) => 100 * Math.abs((t - c) / t)],
    ["hinge", signs, (c, t) => Math.max(0, 1 - c * t)],
    [
      (targets: Tensor, outputs: Tensor) =>
        tf.mean(tf.pow(tf.abs(tf.sub(targets, outputs)), 1.5)) as Tensor,
      skewed,
      (c, t) => Math.abs(c - t) ** 1.5,
    ],
  ];
  for (const [loss, targets, value] of cases) {
    const best = least(value, targets);
    const found = guess(loss, column(...targets));
    assert(found >= best - 0.01 * best && found <= 1.02 * best, `${loss}: ${found}, ${best}`);
  }
});

Deno.test("fitScale() searches the best answer of several units, however far each is", () => {
  // Twice the targets: 4 and 2 from their means, from which the search starts.
  const own = (targets: Tensor, outputs: Tensor) =>
    tf.mean(tf.squaredDifference(outputs, tf.mul(targets, 2))) as Tensor;
  const targets = tf.tensor2d([[1, 1], [2, 2], [3, 3], [10, 2]]);
  const { guess } = fitOf({ losses: [own], targets: [targets], outputs: [targets] });
  // 4 times the mean of the variances, 12.5 and 0.5.
  assert(guess! >= 25.999 && guess! < 26.2, `${guess}`);
});

Deno.test("fitScale() knows no scale where a constant is as good as the targets themselves", () => {
  // A hinge asks for nothing where the target is 0.
  const found = fitOf({
    losses: ["hinge"],
    targets: [column(0, 2, 0, 2)],
    outputs: [column(5, 5, 5, 5)],
  });
  assertEquals(found.fit, null);
});

Deno.test("fitScale() takes no loss that rises for learning, however many classes are right", () => {
  // Three of four right, and sure of the fourth.
  const start = [tf.tile(tf.tensor2d([shares]), [4, 1]) as Tensor];
  const outputs = [
    tf.softmax(tf.tensor2d([[9, 0, 0], [9, 0, 0], [0, 9, 0], [40, 0, 0]])) as Tensor,
  ];
  const losses: OutputLoss[] = ["categoricalCrossentropy"];
  const risen = fitOf({ losses, targets: [oneHot], outputs, start });
  assertEquals(risen.accuracy, 0.75);
  assert(risen.fit! <= 0, `${risen.fit}`);
  const mse = (from: Tensor, to: Tensor) =>
    fitOf({ losses: ["meanSquaredError"], targets: [numbers], outputs: [to], start: [from] }).fit!;
  // From below guessing, up, and still below it.
  assertEquals(mse(column(4, 4, 4, 6), column(4, 4, 4, 5)), 0);
  // It need not learn what it already knew.
  assert(mse(column(1, 2, 3, 9), column(1, 2, 3, 8.5)) > 0.5);
});

Deno.test("fitScale() knows what guessing costs under PyTorch's losses with arguments", () => {
  const of = (call: string, targets: Tensor, outputs: Tensor) => {
    const loss = kerasLoss(tf, parseLoss(call, "loss"));
    return fitOf({ losses: [loss], targets: [targets], outputs: [outputs] });
  };
  const entropy = (...p: number[]) => p.reduce((sum, p) => sum - p * Math.log(p), 0);
  // Two examples of three places, with the four classes on axis 1: one is class 0, five are class 2.
  const places = tf.tensor2d([[0, 2, 2], [2, 2, 2]]);
  const right = tf.transpose(tf.mul(20, tf.oneHot(tf.cast(places, "int32") as never, 4)), [
    0,
    2,
    1,
  ]);
  const onFirst = of("cross_entropy", places, right as Tensor);
  assertAlmostEquals(onFirst.guess!, entropy(1 / 6, 5 / 6), 1e-4);
  assertAlmostEquals(onFirst.fit!, 1, 1e-4);
  // The logarithm of the mean is the best answer to both of these.
  const counts = column(0, 1, 5, 2);
  const rate = Math.log(2);
  const poisson = of("poisson_nll_loss", counts, column(-14, 0, Math.log(5), rate));
  assertAlmostEquals(poisson.guess!, 2 - 2 * rate, 1e-4);
  assertAlmostEquals(poisson.fit!, 1, 1e-4);
  // Rates instead of their logarithms.
  const rates = of("poisson_nll_loss(log_input=False)", counts, counts);
  assertAlmostEquals(rates.guess!, 2 - 2 * rate, 1e-4);
  assertAlmostEquals(rates.fit!, 1, 1e-4);
  const shares = tf.tensor2d([[1, 0], [0, 1], [0.5, 0.5], [0.5, 0.5]]);
  const logs = tf.log(tf.maximum(shares, 1e-6)) as Tensor;
  const divergence = of("kl_div(reduction='batchmean')", shares, logs);
  assertAlmostEquals(divergence.guess!, Math.LN2 / 2, 1e-4);
  assertAlmostEquals(divergence.fit!, 1, 1e-4);
  // The targets may be logarithms as well.
  const own = tf.log(tf.tensor2d([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5]])) as Tensor;
  const ofLogs = of("kl_div(reduction='batchmean', log_target=True)", own, own);
  assertAlmostEquals(ofLogs.fit!, 1, 1e-4);
  // The mean of the logarithms: 0.3873 for each class.
  const means = (Math.log(0.09) + 2 * Math.log(0.5)) / 4;
  const guess = (-entropy(0.1, 0.9) - Math.LN2 - 2 * means) / 2;
  assertAlmostEquals(ofLogs.guess!, guess, 1e-4);
  // Padding of -100 or of a class that is ignored is neither right nor wrong: 2 of 4 are left out.
  for (
    const [loss, padding] of [["cross_entropy", -100], ["nll_loss(ignore_index=1)", 1]] as const
  ) {
    const padded = column(0, 2, padding, padding);
    const answers = (...classes: number[]) => tf.log(tf.add(tf.oneHot(classes, 3), 1e-6)) as Tensor;
    const known = of(loss, padded, answers(0, 2, 1, 1));
    assertAlmostEquals(known.guess!, Math.LN2, 1e-4, loss);
    assertAlmostEquals(known.fit!, 1, 1e-4);
    assertEquals(known.accuracy, 1);
    assertEquals(of(loss, padded, answers(0, 0, 0, 0)).accuracy, 0.5);
    assertEquals(of(loss, padded, answers(1, 1, 1, 1)).accuracy, 0);
  }
  // Smoothed labels cost their entropy, however well they are known.
  const smooth = of(
    "cross_entropy(label_smoothing=0.2)",
    column(0, 1, 0, 1),
    tf.tensor2d(
      [0, 1, 0, 1].map((label) => [label, 1 - label].map((miss) => Math.log(miss ? 0.1 : 0.9))),
    ),
  );
  assertAlmostEquals(smooth.guess!, Math.LN2, 1e-4);
  assertAlmostEquals(smooth.fit!, 1, 1e-4);
});

Deno.test("fitScale() goes from the first loss to 0 for one that ignores its targets", () => {
  const binary = column(0, 1, 1, 0);
  const of = (loss: LossFunction, output: Tensor, outputs = [column(5, 5, 5, 5)]) => {
    const objective = resolveLosses(tf, [loss], [binary]);
    const given = { outputs, targets: [binary], drawn: true, first: 4, weights: 1 };
    const scale = fitScale(tf, objective, given);
    const { fit, accuracy } = scale.of(
      [output],
      tf.tidy(() => objective.evaluate([output]).dataSync()[0]),
    );
    const { guess, ignoresTargets, canBeFitted } = scale;
    return { fit, accuracy, hasGuess: guess !== null, ignoresTargets, canBeFitted };
  };
  const own = (_: Tensor, output: Tensor) => tf.mean(tf.square(tf.sub(output, 3)));
  // All answers above a half are class 1, so half of them are right: nothing that counts here.
  assertEquals(of(own as LossFunction, column(4, 4, 4, 4)), {
    fit: 0.75,
    accuracy: null,
    hasGuess: false,
    ignoresTargets: true,
    canBeFitted: true,
  });
  // One label alone is used.
  const some = (target: Tensor, output: Tensor) =>
    tf.mean(tf.square(tf.sub(output, tf.slice(target, [0, 0], [1, 1]))));
  const found = of(some as LossFunction, column(1, 1, 1, 1));
  assertEquals([found.ignoresTargets, found.hasGuess, found.canBeFitted], [false, true, false]);
  // At a share of a half the loss is the same for both labels.
  const entropy = (target: Tensor, output: Tensor) => tf.losses.logLoss(target, output) as Tensor;
  const halves = [column(0.5, 0.5, 0.5, 0.5)];
  assertEquals(of(entropy as LossFunction, halves[0], halves).ignoresTargets, false);
  // A loss that refuses other targets uses them.
  const picky = (target: Tensor, output: Tensor) => {
    if (target.dataSync()[0] !== 0) throw new Error("another target");
    return tf.mean(tf.square(tf.sub(output, 3)));
  };
  assertEquals(of(picky as LossFunction, column(4, 4, 4, 4)).ignoresTargets, false);
});
