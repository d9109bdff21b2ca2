import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  causeOf,
  judgeTraining,
  TRAINING_RULES,
  type TrainingFinding,
  TrainingJudge,
} from "../../src/training/judge_training.ts";
import { renderTraining } from "../../src/training/text/render_training.ts";
import type { TrainingStep } from "../../src/training/training_step.ts";
import { healthyLog, SICK } from "./sick_logs.ts";
import { assertRefused, parts } from "../assert_refused.ts";

for (const [name, { rows, constantLoss, at }] of Object.entries(SICK)) {
  const [rule, kind] = name.split(" ");
  const found = (thresholds = {}) =>
    judgeTraining(rows, { constantLoss, thresholds }).filter((one) => one.rule === rule);

  Deno.test(`${name}: named as the cause, at its step`, () => {
    const cause = causeOf(judgeTraining(rows, { constantLoss }))!;
    assertEquals(`${cause.rule} ${cause.kind} ${cause.step}`, `${name} ${at}`);
    assert(cause.since <= at);
    assert(cause.message.endsWith(".") && cause.fix.endsWith("."), cause.message);
  });

  const { threshold, measured } = found().find((one) => one.kind === kind)!;
  if (threshold === undefined || !Number.isFinite(measured)) continue;
  Deno.test(`${name}: both sides of ${threshold}`, () => {
    const has = (limit: number) =>
      found({ [threshold]: limit }).some((one) =>
        one.kind === kind && one.step === at && one.threshold === threshold
      );
    const sides = [measured - 1e-6 * Math.abs(measured), measured + 1e-6 * Math.abs(measured)];
    assertEquals(sides.map(has).toSorted(), [false, true]);
  });
}

Deno.test("a training that learns has no findings", () => {
  assertEquals(judgeTraining(healthyLog(400)), []);
});

Deno.test("every rule has a sick training", () => {
  const tried = new Set(Object.keys(SICK).map((name) => name.split(" ")[0]));
  assertEquals(new Set(TRAINING_RULES.map(({ name }) => name)), tried);
});

Deno.test("every rule documents its figure, its sources and its fix", () => {
  for (const { name, formula, source, fix, problem, thresholds } of TRAINING_RULES) {
    assert([formula, source, fix, problem].every((text) => text.length > 5), name);
    for (const { default: value, range: [low, high], source, about } of Object.values(thresholds)) {
      assert(value >= low && value <= high && source !== "" && about.endsWith("."), name);
    }
  }
});

Deno.test("a batch that stood out is the cause of the error that follows", () => {
  const rows = healthyLog(
    60,
    ({ step }) =>
      step === 40 ? { largestInput: 3e4 } : step > 40 ? { loss: NaN, gradientNorm: NaN } : {},
  );
  const findings = judgeTraining(rows);
  assertEquals(findings.map(({ rule, step }) => `${rule} ${step}`), [
    "spike 40",
    "spike 41",
    "not-finite 41",
  ]);
  assertEquals(causeOf(findings)!.rule, "spike");
  // An error much later is another matter.
  const late = healthyLog(
    80,
    ({ step }) =>
      step === 40 ? { largestInput: 3e4 } : step > 70 ? { loss: NaN, gradientNorm: NaN } : {},
  );
  assertEquals(causeOf(judgeTraining(late))!.rule, "not-finite");
});

Deno.test("an input is no spike if none was looked at before", () => {
  const found = (seen: number) =>
    judgeTraining(healthyLog(60, ({ step }) => ({
      largestInput: step === 58 ? 99 : step === seen ? 3 : null,
    }))).map(({ rule, step }) => `${rule} ${step}`);
  assertEquals([found(0), found(20)], [[], ["spike 58"]]);
});

Deno.test("steps that reach no kernel learn nothing, and are no low rate", () => {
  const found = (edit: Partial<TrainingStep>, first = 0) =>
    judgeTraining(healthyLog(20, ({ step }) => ({
      loss: 2,
      gradientNorm: 0,
      updateRatio: step === 1 ? first : 0,
      decreaseRatio: null,
      ...edit,
    }))).map(({ rule, kind, step }) => `${rule} ${kind} ${step}`);
  assertEquals(found({}), ["not-learning no-gradient 10"]);
  assertEquals(found({}, 1e-9), ["rate-too-low small 10"]);
  assertEquals(found({ loss: 0 }), []);
  // The gradient of a bias, at a rate at which kernels would move, and at smaller ones.
  const ofBias = (learningRate: number, gradientNorm: number) =>
    found({ learningRate, gradientNorm })[0];
  assertEquals(ofBias(1e-2, 1.1e-4), "not-learning no-gradient 10");
  assertEquals(ofBias(1.1e-6, 50), "not-learning no-gradient 10");
  assertEquals(ofBias(1e-2, 0.9e-4), "rate-too-low small 10");
  assertEquals(ofBias(0.9e-6, 50), "rate-too-low small 10");
});

Deno.test("no rule walks through the whole log at each step: logs have a million rows", () => {
  const judge = new TrainingJudge();
  const rows = healthyLog(500, () => ({ updateRatio: 0, learningRate: 1e-9 }));
  for (const row of rows.slice(0, -1)) judge.add(row);
  const walked: string[] = [];
  const column = judge.log.column.bind(judge.log);
  judge.log.column = (name) =>
    new Proxy(column(name), {
      get: (points, key) => {
        if (["filter", "map", "some", "every", "reduce", "flatMap"].includes(String(key))) {
          walked.push(`${name}.${String(key)}`);
        }
        return Reflect.get(points, key);
      },
    });
  judge.add(rows[499]);
  assertEquals(walked, []);
});

Deno.test("half of the units may not die while nothing is learned, from step 20 on", () => {
  const found = (dead: number, { held = 0.96, at = 20 } = {}) =>
    judgeTraining(
      healthyLog(at, ({ step }) => ({
        ...step === 1 || step === at ? { validationLoss: step === 1 ? 1 : held } : {},
        layers: step === 1 || step === at ? [{ layer: "a", dead: step === 1 ? 0.1 : dead }] : [],
      })),
      { constantLoss: 1, rules: ["units-dying"] },
    ).map(({ kind, severity, step, threshold }) => `${severity} ${kind} ${step} ${threshold}`);
  assertEquals(found(0.61), ["warning dying 20 mostDiedUnlearned"]);
  assertEquals([found(0.59), found(0.61, { held: 0.94 }), found(0.61, { at: 19 })], [[], [], []]);
});

Deno.test("a spike that lasts is an error, and spikes are reported each time", () => {
  const jump = { loss: 5, gradientNorm: 9 };
  const lasting = healthyLog(60, ({ step }) => step === 40 ? jump : step > 40 ? { loss: 3 } : {});
  assert(judgeTraining(lasting).some(({ rule, kind }) => rule === "spike" && kind === "lasting"));
  const twice = healthyLog(90, ({ step }) => step === 40 || step === 70 ? jump : {});
  assertEquals(judgeTraining(twice).map(({ step }) => step), [40, 70]);
});

Deno.test("a loss rises above the best of 16 steps, which the latest 10 follow", () => {
  const rises = (steps: number) =>
    judgeTraining(healthyLog(steps, ({ step }) => step > steps - 10 ? { loss: 5 } : {}))
      .some(({ rule }) => rule === "loss-rises");
  assertEquals([25, 26].map(rises), [false, true]);
});

Deno.test("TrainingJudge reports a finding once, in the row that shows it", () => {
  const judge = new TrainingJudge();
  const found = SICK["rate-too-low small"].rows.map((row) => judge.add(row).length);
  assertEquals(found.indexOf(1), 19);
  assertEquals(found.reduce((sum, count) => sum + count), 1);
  assertEquals(causeOf(judge.findings)!.rule, "rate-too-low");
});

Deno.test("judgeTraining() uses the named rules, and rejects thresholds out of range", () => {
  const { rows } = SICK["not-finite forward"];
  assertEquals(judgeTraining(rows, { rules: ["spike"] }), []);
  assertRefused(
    () => judgeTraining(rows, { thresholds: { mostSigmas: -1 } }),
    parts("options.mostSigmas", "-1", "a number from 1 to Infinity"),
  );
});

Deno.test("a loss above that of the first batch is no high rate if the steps are tiny", () => {
  const rows = (updateRatio: number) =>
    healthyLog(
      30,
      ({ step }) => ({ loss: step === 1 ? 1 : 1.7 + Math.sin(7 * step) / 9, updateRatio }),
    );
  const causes = (updateRatio: number) => causeOf(judgeTraining(rows(updateRatio)))?.rule;
  assertEquals([causes(0.99e-3), causes(1.01e-3)], ["rate-too-low", "rate-too-high"]);
});

Deno.test("a loss that has doubled is a warning until step 40, and one five times as large until step 20", () => {
  const found = (factor: number) =>
    judgeTraining(healthyLog(50, ({ step }) => ({ loss: step === 1 ? 1 : factor })))
      .filter(({ rule }) => rule === "rate-too-high")
      .map(({ step, severity }) => `${severity} ${step}`);
  // The first steps at a large rate climb, and often come down at once.
  assertEquals(found(2), ["warning 20", "error 40"]);
  assertEquals(found(4.9), ["warning 20", "error 40"]);
  assertEquals(found(5.1), ["warning 10", "error 20"]);
});

Deno.test("a loss that has risen is certain if a held-out loss measured since step 40 has, too", () => {
  const found = (share: number, step: number) =>
    judgeTraining([
      { step: 0, validationLoss: 1 },
      ...healthyLog(60, (row) => ({
        loss: row.step === 1 ? 1 : 2,
        ...row.step === step ? { validationLoss: share } : {},
      })),
    ], { rules: ["rate-too-high"] }).map(({ severity, step }) => `${severity} ${step}`);
  assertEquals(found(1.19, 50), ["warning 20"]);
  assertEquals(found(1.21, 50), ["warning 20", "error 50"]);
  assertEquals([found(1.21, 39), found(1.21, 40)], [["warning 20"], ["warning 20", "error 40"]]);
});

Deno.test("a loss that rises after step 20 is looked at from step 40 on, unless it has risen far", () => {
  const found = (factor: number, from = 22) =>
    judgeTraining(healthyLog(50, ({ step }) => ({ loss: step < from ? 1 : factor })))
      .filter(({ kind }) => kind === "diverges").map(({ step }) => step);
  // The median of 5 losses follows two steps later.
  assertEquals([found(2, 18), found(2, 19)], [[20, 40], [40]]);
  assertEquals([found(4.9), found(5.1)], [[40], [24]]);
});

Deno.test("a loss far above that of the best constant answer moves, and does not stand", () => {
  const found = (standing: number, edit: Partial<TrainingStep>) =>
    judgeTraining(
      healthyLog(28, ({ step }) => ({ loss: step < 5 ? 2 : standing, ...edit })),
      { constantLoss: 1, rules: ["rate-too-high"] },
    ).map(({ kind }) => kind);
  const size = { growth: 4 };
  assertEquals([found(1.49, size), found(1.51, size)], [["blown-up"], []]);
  const steps = { decreaseRatio: 0.05 };
  assertEquals([found(1.49, steps), found(1.51, steps)], [["overshoots"], []]);
  const updates = { growth: null, updateRatio: 0.6 };
  assertEquals([found(1.49, updates), found(1.51, updates)], [["overturns"], []]);
});

Deno.test("a first batch whose loss is small by chance does not make the next ones a rise", () => {
  const found = (heldOut: number) =>
    judgeTraining([
      { step: 0, validationLoss: heldOut },
      ...healthyLog(50, ({ step }) => ({ loss: step === 1 ? 1 : 1.6 })),
    ]).some(({ kind }) => kind === "diverges");
  assertEquals([found(1.05), found(1.08)], [true, false]);
});

Deno.test("units that the first large steps turn off are dying if the next pass finds them so", () => {
  const found = (next: number, at = 21) =>
    judgeTraining(
      healthyLog(30, ({ step }) => {
        const dead = new Map([[1, 0.1], [10, 0.92], [at, next]]).get(step);
        return dead === undefined ? {} : { layers: [{ layer: "dense_1", dead }] };
      }),
    ).map(({ rule, step }) => `${rule} ${step}`);
  assertEquals(found(0.91), ["units-dying 21"]);
  assertEquals(found(0.89), []);
  // They often come back within the first steps.
  assertEquals(found(0.91, 20), []);
});

Deno.test("units may die while the held-out loss falls", () => {
  const found = (dead: number, share: number, before = 1) =>
    judgeTraining([
      { step: 0, validationLoss: 2, layers: [{ layer: "dense_1", dead: 0.1 }] },
      ...healthyLog(45, ({ step }) => ({
        ...step === 35 ? { validationLoss: before } : {},
        ...step >= 40 && step % 5 === 0
          ? { validationLoss: share - step / 1e4, layers: [{ layer: "dense_1", dead }] }
          : {},
      })),
    ], { constantLoss: 1, rules: ["units-dying"] }).map(({ kind, severity }) =>
      `${kind} ${severity}`
    );
  assertEquals([found(0.92, 0.85), found(0.92, 0.86)], [[], ["dying warning"]]);
  assertEquals([found(0.98, 0.85), found(0.98, 0.86)], [["dead warning"], ["dead error"]]);
  // The network loses what it had learned.
  const lost = [found(0.98, 0.5, 0.51), found(0.98, 0.5, 0.49)];
  assertEquals(lost, [["dead warning"], ["dead error"]]);
});

Deno.test("held-out loss that falls outweighs the noise of single batches", () => {
  const found = (share: number, edit: Partial<TrainingStep>) =>
    judgeTraining([
      { step: 0, validationLoss: 2 },
      ...healthyLog(28, ({ step }) => ({
        loss: 2 + 0.04 * step,
        ...edit,
        ...step === 20 ? { validationLoss: 2.04 * share } : {},
      })),
    ]).map(({ kind }) => kind);
  const steps = { decreaseRatio: 0.05 };
  assertEquals([found(0.84, steps), found(0.86, steps)], [[], ["overshoots"]]);
  const size = { growth: 4 };
  assertEquals([found(0.94, size), found(0.96, size)], [[], ["blown-up"]]);
  const updates = { growth: null, updateRatio: 0.6 };
  assertEquals([found(0.94, updates), found(0.96, updates)], [[], ["overturns"]]);
});

Deno.test("a loss that has fallen to that of the best constant answer shows that nothing is learned", () => {
  const found = (constantLoss: number | null) =>
    judgeTraining(
      healthyLog(28, ({ step }) => ({ loss: 0.9 + 1.1 * 0.5 ** step, growth: 4 })),
      { constantLoss },
    );
  assertEquals([null, 1.01].map((loss) => found(loss).length), [0, 0]);
  const [{ kind, step, message }] = found(0.99);
  assertEquals([kind, step], ["blown-up", 20]);
  assertStringIncludes(message, "0.909 times that of the best constant answer");
});

Deno.test("kernels are judged once, at step 20 or the first step after it", () => {
  const rows = (every: number, from: number) =>
    healthyLog(60, ({ step }) => ({ loss: 2.1, growth: step < from ? 1 : 4 }))
      .filter(({ step }) => step % every === 1 % every);
  const steps = (every: number, from: number) =>
    judgeTraining(rows(every, from), { rules: ["rate-too-high"] }).map(({ step }) => step);
  assertEquals([steps(1, 20), steps(1, 21), steps(3, 20)], [[20], [], [22]]);
});

Deno.test("an update that only follows its gradient has not jumped", () => {
  const found = (gradientNorm: number) =>
    judgeTraining(
      healthyLog(44, ({ step, loss }) => ({
        updateRatio: step === 40 ? 0.16 : 5e-3,
        gradientNorm: step === 40 ? gradientNorm : 1,
        loss: step > 40 ? 4 : loss,
      })),
      { rules: ["rate-too-high"] },
    ).map(({ step }) => step);
  // The update is 32 times the usual one, and the least jump 16 times.
  assertEquals([found(1.99), found(2.01)], [[42], []]);
});

Deno.test("what was learned is lost if the loss is again that of the best constant answer", () => {
  const found = (before: number, after: number, unit: number) =>
    judgeTraining(
      healthyLog(80, ({ step }) => ({
        loss: unit * ((step < 60 ? before : after) + 0.01 * Math.sin(7 * step)),
      })),
      { constantLoss: unit, rules: ["loss-rises"] },
    ).map(({ message }) => message);
  for (const unit of [1, 5, 0.2]) {
    assertStringIncludes(found(0.89, 0.97, unit)[0], "is again that of the best constant answer");
    assertEquals([found(0.91, 0.97, unit), found(0.89, 0.93, unit)], [[], []]);
  }
});

Deno.test("a training whose loss rises far, but not to that of the best constant answer, has kept most", () => {
  const found = (after: number, constantLoss: number | null = 1) =>
    judgeTraining(
      healthyLog(80, ({ step }) => ({
        loss: (step < 60 ? 0.3 : after) + 0.01 * Math.sin(7 * step),
      })),
      { constantLoss, rules: ["loss-rises"] },
    ).map(({ step }) => step);
  // The second smallest of 10 losses is 0.01 below their mean.
  assertEquals([found(0.7), found(0.72)], [[], [68]]);
  // It is not known how much was learned.
  assertEquals(found(0.7, null), [68]);
});

Deno.test("no loss is compared with that of a constant answer if that is not positive", () => {
  const kindsOf = (constantLoss: number, rows: TrainingStep[]) =>
    judgeTraining(rows, { constantLoss }).map(({ kind }) => kind);
  const small = [
    { step: 0, validationLoss: 2 },
    ...healthyLog(28, ({ step }) => ({ loss: 2 - step / 100 })),
  ];
  assertEquals([kindsOf(1, small), kindsOf(0, small)], [["above"], []]);
  const risen = healthyLog(80, ({ step }) => ({
    loss: step === 1 ? 0.1 : (step < 60 ? -0.46 : -0.44) + 1e-3 * Math.sin(7 * step),
  }));
  assertEquals(kindsOf(-0.5, risen), []);
});

Deno.test("kernels that shrink because the task asks for it are not eaten", () => {
  const found = (kept: number, penalty = 0.09) =>
    judgeTraining(
      healthyLog(40, ({ step }) => ({
        growth: step < 20 ? 1 : 0.95 ** step,
        shrinkage: step < 20 ? 1 : 0.95 ** step,
        loss: kept ** step,
        penalty,
      })),
      { rules: ["weights-shrink"] },
    ).length;
  // 0.9 of the loss of 5 steps before is 0.97915 a step.
  assertEquals([found(0.979), found(0.9793)], [0, 1]);
  assertEquals(found(0.979, 0.11), 1);
});

Deno.test("penalties that outweigh the loss of a task that is learned eat nothing", () => {
  const found = (share: number) =>
    judgeTraining([
      { step: 0, validationLoss: 2 },
      ...healthyLog(40, ({ step }) => ({
        shrinkage: 0.8,
        penalty: 0.95,
        ...step === 30 ? { validationLoss: share } : { penalty: null },
      })),
    ], { constantLoss: 1, rules: ["weights-shrink"] }).map(({ kind }) => kind);
  assertEquals([found(0.49), found(0.51)], [[], ["penalty"]]);
});

Deno.test("a slow training learns if its loss falls surely, however little", () => {
  const found = (slope: number, noise = 0.02) =>
    judgeTraining(
      healthyLog(100, ({ step }) => ({ loss: 2 - slope * step + noise * (-1) ** step })),
      { rules: ["not-learning"] },
    ).length;
  // The slope of a straight line through 50 losses with this noise has a standard error of 2e-4.
  assertEquals([found(3.2e-4), found(4.8e-4)], [1, 0]);
  // A quarter of 2 % of the loss in 50 steps.
  assertEquals([found(1.95e-4, 0), found(2.05e-4, 0)], [1, 0]);
});

Deno.test("a training learns if a held-out loss of the latest 50 steps has fallen", () => {
  const found = (share: number, at = 60) =>
    judgeTraining([
      { step: 0, validationLoss: 2.1 },
      ...healthyLog(100, ({ step }) => ({
        loss: 2 + 0.02 * (-1) ** step,
        ...step === at ? { validationLoss: 2 * share } : {},
      })),
    ], { constantLoss: 2, rules: ["not-learning"] }).map(({ kind }) => kind);
  assertEquals([found(0.979), found(0.981)], [[], ["constant"]]);
  assertEquals([found(0.5, 51), found(0.5, 50)], [[], ["constant"]]);
});

Deno.test("a loss that returns to a level of the last 32 steps has not been lost", () => {
  const rows = (high: number) =>
    healthyLog(
      80,
      ({ step }) => step >= 60 ? { loss: 2 } : [35, 40, 45].includes(step) ? { loss: high } : {},
    );
  const rises = (high: number) =>
    judgeTraining(rows(high)).some(({ rule }) => rule === "loss-rises");
  assertEquals([rises(1.9), rises(2.1)], [true, false]);
});

Deno.test("a jump of the updates is a warning, and an error if the loss stays high", () => {
  const rows = (until: number) =>
    healthyLog(80, ({ step, loss }) => ({
      updateRatio: step === 40 ? 0.15 : 5e-3,
      loss: step > 40 && step <= until ? 4 : loss,
    }));
  const found = (until: number) =>
    judgeTraining(rows(until)).filter(({ kind }) => kind === "jumped")
      .map(({ step, severity }) => `${severity} ${step}`);
  assertEquals(found(44), ["warning 42"]);
  assertEquals(found(60), ["warning 42", "error 49"]);
});

Deno.test("a jump of the updates needs a loss that rises by a tenth of the first one", () => {
  const found = (after: number, high: number[] = []) =>
    judgeTraining(healthyLog(80, ({ step }) => {
      const flat = high.includes(step) ? 1.2 : 1 + 0.05 * Math.sin(7 * step);
      const loss = step > 40 ? after : step === 1 ? 2 : flat;
      return { updateRatio: step === 40 ? 0.15 : 5e-3, loss };
    })).some(({ kind }) => kind === "jumped");
  // The losses before it are below 1.05, and the first one is 2.
  assertEquals([1.15, 1.2, 1.3].map((after) => found(after)), [false, false, true]);
  // Of the six losses before the rise, the largest counts.
  assertEquals([found(1.3, [38, 39]), found(1.3, [30, 31])], [false, true]);
});

Deno.test("a single large step that shrinks the kernels is no decay, and large steps are not too small", () => {
  const once = healthyLog(40, ({ step }) => ({ growth: step < 20 ? 1 : 0.8, shrinkage: 0.8 }));
  assertEquals(judgeTraining(once), []);
  const comesBack = (growth: number) =>
    judgeTraining(
      healthyLog(40, ({ step }) => ({ growth: step === 20 ? 3 : growth, shrinkage: 0.8 })),
    ).map(({ rule }) => rule);
  assertEquals([comesBack(0.99), comesBack(1.01)], [["weights-shrink"], []]);
  const grows = healthyLog(60, ({ step }) => ({ growth: 1 + step / 100, shrinkage: 0.96 ** step }));
  assertEquals(judgeTraining(grows), []);
  const broken = (first: number) =>
    judgeTraining(healthyLog(28, ({ step }) => ({ updateRatio: step === 1 ? first : 0 })))
      .some(({ rule }) => rule === "rate-too-low");
  assertEquals([broken(0.29), broken(0.31)], [true, false]);
});

Deno.test("steps are too small if they keep to the prediction although the held-out loss stands", () => {
  const found = (edit: Partial<TrainingStep>, share = 1, constantLoss: number | null = null) =>
    judgeTraining([
      { step: 0, validationLoss: 2 },
      ...healthyLog(28, ({ step }) => ({
        loss: 2 - step / 100,
        updateRatio: 4e-3,
        decreaseRatio: 0.99,
        ...step === 20 ? { validationLoss: 2 * share } : {},
        ...edit,
      })),
    ], { constantLoss });
  const kinds = (...options: Parameters<typeof found>) => found(...options).map(({ kind }) => kind);
  assertEquals([kinds({}, 0.979), kinds({}, 0.981)], [[], ["slow"]]);
  assertEquals([0.969, 0.971].map((ratio) => kinds({ decreaseRatio: ratio })), [[], ["slow"]]);
  assertEquals([1.99e-2, 2.01e-2].map((ratio) => kinds({ updateRatio: ratio })), [["slow"], []]);
  // The loss of a network that has learned nothing counts: a held-out loss falls to it at once.
  assertEquals([1.02, 1.03].map((loss) => kinds({}, 0.5, loss)), [["slow"], []]);
  assertStringIncludes(
    found({}, 0.5, 1.02)[0].message,
    "after 20 steps the held-out loss is 1; that of a network that has learned nothing is 1.02. The steps reach 99 %",
  );
});

Deno.test("small steps are too small if held-out loss is above that of the best constant answer, too", () => {
  const kinds = (share: number, updateRatio = 5e-3, penalty = 0) =>
    judgeTraining([
      { step: 0, validationLoss: 2 },
      ...healthyLog(28, ({ step }) => ({
        loss: 2 - step / 100,
        updateRatio,
        penalty,
        ...step === 20 ? { validationLoss: share } : {},
      })),
    ], { constantLoss: 1 }).map(({ kind }) => kind);
  assertEquals([kinds(1.19), kinds(1.21)], [[], ["above"]]);
  assertEquals([kinds(1.5, 0.99e-2), kinds(1.5, 1.01e-2)], [["above"], []]);
  assertEquals([kinds(1.5, 5e-3, 0.49), kinds(1.5, 5e-3, 0.51)], [["above"], []]);
});

Deno.test("small steps that have taught a network something are not too small, unless they are tiny", () => {
  const found = (share: number, updateRatio: number) =>
    judgeTraining([
      { step: 0, validationLoss: 2 },
      ...healthyLog(28, ({ step }) => ({
        updateRatio,
        ...step === 20 ? { validationLoss: share } : {},
      })),
    ], { constantLoss: 1 }).map(({ kind, severity }) => `${kind} ${severity}`);
  assertEquals([found(0.94, 1e-3), found(0.96, 1e-3)], [[], ["small warning"]]);
  assertEquals(found(0.94, 4e-4), ["small error"]);
});

Deno.test("a training that stands still is named from step 10 on, also one that is shorter than 20 steps", () => {
  const found = (steps: number, updateRatio: number) =>
    judgeTraining(healthyLog(steps, () => ({ updateRatio })))
      .map(({ step, severity, message }) =>
        `${severity} ${step} ${message.match(/steps \d+ to \d+/)}`
      );
  assertEquals([found(9, 2.9e-4), found(12, 2.9e-4)], [[], ["error 10 steps 6 to 10"]]);
  assertEquals([found(12, 3.1e-4), found(20, 3.1e-4)], [[], ["error 20 steps 11 to 20"]]);
});

Deno.test("the steps of a rate that warms up are not too small", () => {
  const found = (growth: number) =>
    judgeTraining(
      healthyLog(20, ({ step }) => ({ updateRatio: 1e-4, learningRate: 0.01 * growth ** step })),
    ).map(({ rule }) => rule);
  assertEquals([found(1.1), found(1), found(0.9)], [[], ["rate-too-low"], ["rate-too-low"]]);
});

Deno.test("steps that are too small are compared with usual ones only if they are clearly smaller", () => {
  const said = (updateRatio: number) =>
    judgeTraining(healthyLog(20, () => ({ loss: 2, updateRatio })))
      .filter(({ rule }) => rule === "rate-too-low").map(({ message }) =>
        message.split(" of its size")[1]
      );
  assertEquals(said(0.00049), [" on average, 2 times less than usual."]);
  assertEquals(said(0.00051), [" on average; expected at least 0.002."]);
  assertEquals(said(0.0019), [" on average; expected at least 0.002."]);
  assertEquals(said(0.0021), []);
});

Deno.test("a rate that was wrong from the start is the cause if nothing is learned, or units die", () => {
  const causes = (edit: (step: number) => Partial<TrainingStep>) =>
    causeOf(
      judgeTraining(
        healthyLog(120, ({ step }) => ({ loss: 2 + 0.05 * Math.sin(7 * step), ...edit(step) })),
      ),
    )
      ?.rule;
  assertEquals(causes(() => ({ updateRatio: 1e-3 })), "rate-too-low");
  assertEquals(
    causes((step) => ({
      updateRatio: 0.28,
      growth: null,
      ...step === 5 ? { layers: [{ layer: "dense_1", dead: 0.98 }] } : {},
      ...step === 1 ? { layers: [{ layer: "dense_1", dead: 0.1 }] } : {},
    })),
    "rate-too-high",
  );
});

Deno.test("a spike says by which step the loss was back", () => {
  const back = (loss: number) =>
    judgeTraining(
      healthyLog(60, ({ step }) =>
        step === 40 ? { loss: 5, gradientNorm: 9 } : step > 40 ? { loss } : {}),
    )
      .find(({ kind }) =>
        kind === "spike"
      )?.recoveredAt;
  assertEquals(back(0.9), 48);
  assertEquals(back(3), undefined);
});

Deno.test("a spike is not over while the loss jumps again, and claims no gradient that the log lacks", () => {
  const rising = Array.from({ length: 79 }, (_, i) => ({
    step: i + 1,
    loss: (i < 29 ? 2.3 * 0.97 ** i : 0.95 * 1.25 ** (i - 28)) + 0.02 * Math.sin(7 * i),
  }));
  const found = judgeTraining(rising).filter(({ kind }) => kind === "spike");
  assert(found.length > 0);
  assertEquals(found.flatMap(({ recoveredAt }) => recoveredAt ?? []), []);
  assert(found.every(({ message }) => !message.includes("gradient")), found[0].message);
});

Deno.test("a rendered log counts the steps that were trained, not the measurement before them", () => {
  const rows = [{ step: 0, validationLoss: 1 }, { step: 1, loss: 2 }, { step: 2, loss: 1 }];
  assertStringIncludes(renderTraining(rows, []), "2 steps, loss 2 to 1");
});

/** Trainings whose attention is sharp from step 40 on. */
const sharpened = (start: number, loss = {}) =>
  judgeTraining(healthyLog(60, ({ step }) => ({
    ...step === 40 ? loss : {},
    layers: step % 10 === 0
      ? [{ layer: "attend", attentionEntropy: step < 40 ? start : 0.01 }]
      : [],
  })));

Deno.test("a spike is not over if an error began in its step", () => {
  const [spike, error] = sharpened(0.8, { loss: 5, gradientNorm: 9 });
  assertEquals([spike.kind, spike.recoveredAt], ["spike", undefined]);
  assertEquals([error.rule, error.step], ["attention-collapses", 40]);
});

Deno.test("an attention collapses if its entropy began at ten times the least", () => {
  assertEquals([0.19, 0.21].map((start) => sharpened(start).length), [0, 1]);
});

Deno.test("a loss that falls past that of the best constant answer is learning", () => {
  const found = (slope: number) =>
    judgeTraining(
      healthyLog(102, ({ step }) => ({ loss: 0.7 + slope * (92 - step) + 0.01 * (-1) ** step })),
      { constantLoss: 0.7, rules: ["not-learning"] },
    ).length;
  assertEquals([found(1.6e-4), found(2.6e-4)], [1, 0]);
});

Deno.test("a second moment is stale if steps are small, unless the training has succeeded", () => {
  const found = (share: number) =>
    judgeTraining(
      healthyLog(
        60,
        ({ step }) => ({ loss: step <= 5 ? 1 : share, secondMomentRatio: step > 5 ? 5e-3 : null }),
      ),
      { rules: ["stale-second-moment"] },
    ).length;
  assertEquals([found(0.49), found(0.51)], [0, 1]);
  const heldOut = (share: number, unit = 1) =>
    judgeTraining(
      healthyLog(60, ({ step }) => ({
        loss: unit,
        secondMomentRatio: step > 5 ? 5e-3 : null,
        validationLoss: step === 5 ? share * unit : null,
      })),
      { rules: ["stale-second-moment"] },
    ).length;
  assertEquals([heldOut(0.49), heldOut(0.51)], [0, 1]);
  assertEquals([heldOut(0.49, 5), heldOut(0.51, 5)], [0, 1]);
  const updated = (updateRatio: number) =>
    judgeTraining(
      healthyLog(
        60,
        ({ step }) => ({ loss: 1, updateRatio, secondMomentRatio: step > 5 ? 5e-3 : 1 }),
      ),
      { rules: ["stale-second-moment"] },
    ).length;
  // A stale moment makes steps small, unless the rate is large.
  assertEquals([updated(0.0099), updated(0.0101)], [1, 0]);
});

Deno.test("a short window widens the spread that a spike is compared with", () => {
  const sigmas = (at: number) =>
    judgeTraining(
      healthyLog(at, ({ step }) => ({
        loss: 2 + 0.01 * (step % 2),
        gradientNorm: step === at ? 9 : 1 + 0.01 * (step % 2),
        ...step === at ? { loss: 5 } : {},
      })),
      { rules: ["spike"] },
    )[0].measured;
  // The spread is 0.005 in any window.
  assert(Math.abs(sigmas(65) / 600 - 1) < 0.01, `${sigmas(65)}`);
  assert(Math.abs(sigmas(33) / (600 / Math.SQRT2) - 1) < 0.01, `${sigmas(33)}`);
});

Deno.test("a loss that swings about after a spike has recovered", () => {
  const kinds = (loss: (step: number) => number) =>
    judgeTraining(
      healthyLog(
        60,
        ({ step }) =>
          step === 40 ? { loss: 5, gradientNorm: 9 } : step > 40 ? { loss: loss(step) } : {},
      ),
      { rules: ["spike"] },
    ).map(({ kind }) => kind);
  assertEquals(kinds(() => 3), ["spike", "lasting"]);
  assertEquals(kinds((step) => step % 2 === 0 ? 0.2 : 3), ["spike"]);
});

Deno.test("causeOf() takes what comes before, within 20 steps if it was a jump", () => {
  type Short = [rule: string, step: number, kind?: string];
  const finding = ([rule, step, kind = "any"]: Short): TrainingFinding => ({
    rule,
    kind,
    step,
    severity: "error",
    layer: null,
    message: "",
    fix: "",
    measured: 1,
    limit: null,
    since: step,
  });
  const rows: [found: Short[], cause: Short][] = [
    [[["spike", 20], ["not-finite", 40]], ["spike", 20]],
    [[["not-finite", 40], ["spike", 40]], ["spike", 40]],
    [[["not-finite", 40], ["spike", 41]], ["not-finite", 40]],
    [[["rate-too-high", 20, "jumped"], ["not-finite", 40]], ["rate-too-high", 20]],
    // The first error is the one to explain.
    [[["not-finite", 40], ["rate-too-high", 40, "grown"]], ["not-finite", 40]],
    [[["not-learning", 90], ["rate-too-low", 90]], ["rate-too-low", 90]],
    [[["not-learning", 90], ["rate-too-high", 91]], ["not-learning", 90]],
    [[["weights-shrink", 40], ["spike", 40]], ["weights-shrink", 40]],
    [[["units-dying", 40], ["rate-too-high", 60]], ["rate-too-high", 60]],
    [[["units-dying", 40], ["rate-too-high", 61]], ["units-dying", 40]],
    [[["units-dying", 40], ["rate-too-low", 40]], ["units-dying", 40]],
    [[["units-dying", 40], ["spike", 40]], ["spike", 40]],
  ];
  for (const [found, [rule, step]] of rows) {
    const cause = causeOf(found.map(finding))!;
    assertEquals([cause.rule, cause.step], [rule, step], JSON.stringify(found));
  }
  // What a warning came before, and how far.
  const warned = (step: number) =>
    causeOf([
      { ...finding(["spike", step]), severity: "warning" },
      finding(["not-finite", 40]),
    ])!.rule;
  assertEquals([warned(20), warned(19)], ["spike", "not-finite"]);
  assertEquals(causeOf([]), null);
});

/** The training of {@linkcode healthyLog}, of which a row is logged every few steps. */
const everyFew = (every: number, ...args: Parameters<typeof healthyLog>) =>
  healthyLog(...args).filter(({ step }) => step % every === 0);

const named = (rows: TrainingStep[]) =>
  judgeTraining(rows).map(({ rule, kind, severity }) => `${rule} ${kind} ${severity}`);

Deno.test("nothing is learned, by the rows there are, with a row every ten steps or one for each epoch", () => {
  const stands = () => ({ loss: 2.3 });
  assertEquals(named(everyFew(10, 1000, stands)), ["not-learning stands error"]);
  assertEquals(named(everyFew(10, 120, stands)), []);
  assertEquals(named(everyFew(10, 1000)), []);
  // The first row is too late to show that nothing had been learned before.
  assertEquals(named(everyFew(30, 3000, stands)), ["not-learning stands warning"]);
  const epochs = (count: number) =>
    healthyLog(count, ({ step }) => ({ ...stands(), epoch: step, updateRatio: null }));
  assertEquals([named(epochs(12)), named(epochs(13))], [[], ["not-learning stands warning"]]);
});

Deno.test("an error that the log refutes later is withdrawn", () => {
  const late = healthyLog(
    400,
    ({ step }) => ({ loss: step < 150 ? 2.3 : 2.3 * 0.98 ** (step - 150) }),
  );
  assertEquals(named(late.slice(0, 120)), ["not-learning stands error"]);
  assertEquals(named(late), []);
});

Deno.test("an epoch whose loss is five times the largest of the three before is a spike, unless the rate rose", () => {
  const epochs = (loss: number, learningRate = 0.01) =>
    named(healthyLog(12, ({ step }) => ({
      epoch: step,
      updateRatio: null,
      loss: step === 10 ? loss : 2,
      learningRate: step < 10 ? 0.01 : learningRate,
    })));
  assertEquals([epochs(10), epochs(10.1)], [[], ["spike spike warning"]]);
  assertEquals(epochs(10.1, 0.06), []);
  assertEquals(named(healthyLog(12, ({ step }) => step === 10 ? { loss: 20 } : {})), []);
});

Deno.test("a rate that is raised tenfold breaks a training if the loss rises by half, and restarts do not", () => {
  const raised = (to: number, loss: number, edit: (step: number) => object = () => ({})) =>
    named(healthyLog(60, ({ step }) => ({
      loss: step < 40 ? 1 : loss,
      ...step < 40 ? {} : { learningRate: to },
      ...edit(step),
    })));
  const isNamed = (...args: Parameters<typeof raised>) =>
    raised(...args).includes("rate-too-high raised error");
  assertEquals([isNamed(0.1, 1.51), isNamed(0.1, 1.49)], [true, false]);
  assert(!isNamed(0.099, 1.51));
  // A schedule that restarts.
  assert(!isNamed(0.1, 1.51, (step) => step < 5 ? { learningRate: 0.1 } : {}));
});

Deno.test("a rate that falls to a thousandth at once stands still after five rows, one of a schedule does not", () => {
  const dropped = (to: number, rows = 5) =>
    named(healthyLog(39 + rows, ({ step }) => step < 40 ? {} : { learningRate: to }));
  assertEquals([dropped(1e-5), dropped(1.1e-5)], [["rate-too-low dropped error"], []]);
  assertEquals(dropped(1e-5, 4), []);
});

Deno.test("a loss that is not finite at once is the fault of a rate above all usual ones alone", () => {
  const broken = (learningRate: number, from: number) =>
    named(healthyLog(20, ({ step }) => ({ learningRate, ...step < from ? {} : { loss: NaN } })))[0];
  assertEquals(broken(0.36, 2), "rate-too-high diverged error");
  assertEquals([broken(0.35, 2), broken(0.36, 4)], [
    "not-finite forward error",
    "not-finite forward error",
  ]);
});

Deno.test("a spike that has lasted is the cause, and not the warning of its first step", () => {
  const rows = healthyLog(60, ({ step }) => step < 40 ? {} : { loss: 9, gradientNorm: 9 });
  const cause = causeOf(judgeTraining(rows))!;
  assertEquals([cause.severity, cause.rule, cause.since], ["error", "spike", 40]);
});

Deno.test("renderTraining() says what a sparse log has too few rows for, unless there is an error", () => {
  const last = (rows: TrainingStep[]) =>
    renderTraining(rows, judgeTraining(rows)).trimEnd().split("\n").slice(1);
  assertEquals(last(healthyLog(100)), ["No problems found."]);
  assertEquals(last(everyFew(10, 100)), [
    "No problems found in what was judged.",
    "Not judged: whether anything is learned, spikes of the loss, a plateau (10 rows, one in 9 steps).",
  ]);
  assertEquals(last(everyFew(10, 2000)), ["No problems found."]);
  const broken = everyFew(10, 100, ({ step }) => step < 50 ? {} : { loss: NaN });
  assert(!last(broken).join().includes("Not judged"));
});
