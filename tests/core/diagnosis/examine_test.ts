import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { weighTrial } from "../../../src/core/diagnosis/examine/try_findings.ts";
import { withTreatment } from "../../../src/core/diagnosis/diagnosis.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import type { Attempt, Trial } from "../../../src/core/probe/trial.ts";
import { type Finding, makeFinding } from "../../../src/core/rules/finding.ts";
import { patient } from "../../networks/patients.ts";
import { makeAttempt, makeTrial } from "../../networks/probes.ts";
import { classes, classifier } from "../../networks/trained_models.ts";
import { renderJson } from "../../../src/core/text/report_document.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";

/** A regression on eight numbers that learns unless something is done to it. */
function regression(
  tf: TensorFlow,
  { dropout, l2, scale = 1, rate }: {
    dropout?: number;
    l2?: number;
    scale?: number;
    rate?: number;
  },
) {
  const kernelRegularizer = l2 === undefined ? undefined : tf.regularizers.l2({ l2 });
  const dense = (units: number, seed: number, inputShape?: number[]) =>
    tf.layers.dense({
      units,
      activation: units === 1 ? "linear" : "relu",
      kernelInitializer: tf.initializers.heNormal({ seed }),
      kernelRegularizer,
      ...inputShape === undefined ? {} : { inputShape },
    });
  const model = tf.sequential({
    layers: [
      dense(32, 1, [8]),
      ...dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout, name: "drop_1" })],
      dense(32, 2),
      ...dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout, name: "drop_2" })],
      dense(1, 3),
    ],
  });
  if (rate !== undefined) {
    model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  }
  const inputs = tf.randomNormal([64, 8], 0, 1, "float32", 7);
  const targets = tf.tidy(() =>
    tf.mul(tf.add(tf.sum(tf.slice(inputs, [0, 0], [64, 4]), 1, true), 3), scale)
  );
  return { model, batch: { inputs, targets } };
}

const options = { objective: "meanSquaredError", trial: "always" } as const;

async function cause(tf: TensorFlow, fault: Parameters<typeof regression>[1]) {
  const { model, batch } = regression(tf, fault);
  const weights = getWeights(model);
  const { diagnosis, findings, trial } = await examine(model, batch, options);
  assertEquals(getWeights(model), weights);
  model.dispose();
  tf.dispose([batch.inputs, batch.targets]);
  return { verdict: diagnosis.verdict, cause: diagnosis.causes[0], findings, trial };
}

Deno.test("examine() finds what only training shows, with trial: always", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  await t.step("nothing in a healthy network", async () => {
    const { verdict, trial } = await cause(tf, {});
    assertEquals(verdict, "healthy");
    assert(trial !== null && "verdict" in trial);
    assertEquals(trial.verdict, "learns");
  });
  await t.step("dropout of 0.95", async () => {
    const { verdict, cause: found } = await cause(tf, { dropout: 0.95 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "dropout");
    assertEquals(found.layers, ["drop_1", "drop_2"]);
    assertStringIncludes(found.message, "2 layers of dropout in a row, drop_1, drop_2, keep 0.3 %");
  });
  await t.step("penalties of 100", async () => {
    const { verdict, cause: found } = await cause(tf, { l2: 100 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "penalties");
  });
  await t.step("targets of 100,000", async () => {
    const { verdict, cause: found } = await cause(tf, { scale: 1e5 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "targets");
    assertEquals(found.tried?.worked, true);
  });
  await t.step("a compiled learning rate of 50", async () => {
    const { verdict, cause: found } = await cause(tf, { rate: 50 });
    assertEquals(verdict, "sick");
    assertEquals(found.kind, "learning-rate");
    assertStringIncludes(found.message, "a learning rate of 50, above the usual range of SGD");
    assertEquals(found.fixes, [{ kind: "learning-rate", from: 50, to: 0.03 }]);
    assertEquals(found.tried?.worked, true);
  });
});

Deno.test("examine() makes a warning of an error whose network learns its batch", async () => {
  await using engine = await startEngine();
  const examined = async (model: LayersModel, trial: "auto" | "off") => {
    const { batch, objective } = patient(engine.tf, { std: 1e-3 });
    return await examine(model, batch, { objective, trial });
  };
  const { model } = patient(engine.tf, { std: 1e-3 });
  const untried = await examined(model, "off");
  assertEquals(untried.diagnosis.verdict, "sick");
  assertEquals(untried.trial, null);
  const tried = await examined(model, "auto");
  assertEquals(tried.diagnosis.verdict, "weak");
  assertEquals(tried.diagnosis.causes.map(({ kind, severity }) => `${severity} ${kind}`), [
    "warning kernel-scale",
  ]);
  const { message } = tried.findings.find(({ severity }) => severity !== "note")!;
  assertStringIncludes(
    message,
    "Only a warning, because the network learns its batch: in 40 steps of Adam",
  );
  model.dispose();
});

Deno.test("examine() trains also a network in which no rule finds anything, if that fits the budget", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf);
  const options = { objective, trialBudget: 10 };
  const { trial, findings, diagnosis } = await examine(model, batch, options);
  assert(trial !== null && "verdict" in trial);
  // Its targets are drawn: a note says that nothing relates them to the inputs.
  const graver = findings.filter(({ severity }) => severity !== "note");
  assertEquals([trial.verdict, graver, diagnosis.verdict], ["learns", [], "healthy"]);
  const { trial: skipped } = await examine(model, batch, { ...options, trialBudget: 1e-3 });
  assert(skipped !== null && "skipped" in skipped);
  assertEquals((await examine(model, batch, { ...options, trial: "off" })).trial, null);
  model.dispose();
});

Deno.test("examine() trains an ill network, and once more with the fixes", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { bias: -10 });
  const { trial, fixedTrial } = await examine(model, batch, { objective });
  assert(trial !== null && "verdict" in trial && fixedTrial !== null && "verdict" in fixedTrial);
  assertEquals([trial.verdict, fixedTrial.verdict], ["fails", "learns"]);
  model.dispose();
});

Deno.test("examine() takes no more than three times the steps that are asked for, also of a late starter", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { labels: _, ...batch } = classes(tf);
  const small = { kernelInitializer: tf.initializers.randomNormal({ stddev: 0.1, seed: 4 }) };
  // It learns in 8 steps.
  const model = classifier(tf, { depth: 2, dropout: 0.6, hidden: small, head: small });
  const objective = "categoricalCrossentropy";
  const { trial } = await examine(model, batch, { objective, trial: 1 });
  assert(trial !== null && "attempts" in trial && trial.verdict !== "learns");
  assert(trial.attempts.every(({ steps }) => steps <= 3));
});

Deno.test("examine() does not blame a failed trial on what was fixed in vain", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers, initializers } = tf;
  const kernel = (seed: number) => ({
    kernelInitializer: initializers.randomNormal({ stddev: 0.07, seed }),
  });
  const { labels: _, ...batch } = classes(tf);
  const [, features] = batch.inputs.shape;
  const [, units] = batch.targets.shape;
  // The noise drowns the inputs in training; the kernels are only somewhat too small.
  const model = tf.sequential({
    layers: [
      layers.gaussianNoise({ stddev: 30, inputShape: [features!] }),
      ...[1, 2, 3].map((seed) => layers.dense({ units: 32, activation: "relu", ...kernel(seed) })),
      layers.dense({ units: units!, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.001), loss: "categoricalCrossentropy" });
  const { diagnosis: { verdict, causes }, trial } = await examine(model, batch);
  assert(trial !== null && "verdict" in trial);
  assertEquals([trial.verdict, verdict], ["fails", "sick"]);
  assertEquals(causes.map(({ kind, severity }) => [kind, severity]), [
    ["trial", "error"],
    ["kernel-scale", "warning"],
  ]);
});

Deno.test("weighTrial() leaves what one batch cannot contradict an error", () => {
  const severity = (kind: string, rule = "input-normalized") => {
    const found = makeFinding(rule, {
      severity: "error",
      kind,
      layer: null,
      measured: 70,
      expected: "inputs near 0",
      message: "The inputs are far from 0.",
      fix: "Subtract their mean.",
    });
    return weighTrial([found], makeTrial())[0].severity;
  };
  assertEquals([severity("offset"), severity("constant")], ["error", "warning"]);
  // Examples of a class that no unit stands for are not learned; the others are.
  const standing = ["class-too-large", "class-negative", "class-fraction"];
  standing.push("one-class", "targets-above-one", "class-numbers");
  standing.push("half-out-of-reach", "negative-probabilities");
  for (const kind of standing) {
    assertEquals(severity(kind, "output-head"), "error");
  }
  assertEquals(severity("no-softmax", "output-head"), "warning");
  assertEquals(severity("out-of-reach", "output-head"), "warning");
  assertEquals(severity("targets-outside", "output-head"), "warning");
  assertEquals(severity("flattening", "regularization"), "error");
  assertEquals(severity("penalties", "regularization"), "warning");
});

Deno.test("weighTrial() leaves a signal that dies both ways an error if the batch is learned late", () => {
  const about = { severity: "error", layer: "dense", measured: 0, expected: "1", fix: "" } as const;
  const gradient = makeFinding("vanishing-gradients", {
    ...about,
    kind: "path-ratio",
    message: "No gradient.",
  });
  const signal = (kind: string) =>
    makeFinding("activation-scale", { ...about, kind, message: "No signal." });
  const severities = (steps: number[], found: Finding[]) => {
    const attempts = steps.map((steps) => makeAttempt({ steps }));
    return weighTrial(found, makeTrial({ attempts })).map(({ severity }) => severity);
  };
  const both = [gradient, signal("too-small")];
  assertEquals(severities([80], both), ["warning", "warning"]);
  assertEquals(severities([81], both), ["error", "error"]);
  assertEquals(severities([81, 80], both), ["warning", "warning"]);
  // It only begins to learn.
  const begins = (steps: number[], found: Finding[]) => {
    const attempts = steps.map((steps) => makeAttempt({ verdict: "slow", steps }));
    const trial = makeTrial({ verdict: "slow", attempts });
    return weighTrial(found, trial).map(({ severity }) => severity);
  };
  assertEquals(begins([80], both), ["warning", "warning"]);
  assertEquals(begins([81], both), ["error", "error"]);
  assertEquals(begins([81, 80], both), ["warning", "warning"]);
  assertEquals(begins([81], [gradient]), ["warning"]);
  assertEquals(severities([81], [gradient]), ["warning"]);
  assertEquals(severities([81], [gradient, signal("too-large")]), ["warning", "warning"]);
  const [late] = weighTrial(both, makeTrial({ attempts: [makeAttempt({ steps: 81 })] }));
  assertEquals(
    late.message,
    "No gradient. The network learns its batch too late to say otherwise.",
  );
});

Deno.test("weighTrial() leaves an error if the compiled rate learns only in a longer attempt, after 80 steps", () => {
  const found = makeFinding("dead-units", {
    kind: "all-off",
    severity: "error",
    layer: "dense",
    measured: 1,
    expected: "some units on",
    message: "All units are off.",
    fix: "Draw it anew.",
  });
  const severity = (steps: number, repeated: boolean) => {
    const given = makeAttempt({ given: true, steps, ...repeated ? { repeated: true } : {} });
    const trial = makeTrial({ attempts: [given, makeAttempt()], givenVerdict: "learns" });
    return weighTrial([found], trial)[0].severity;
  };
  assertEquals([severity(81, true), severity(80, true), severity(81, false)], [
    "error",
    "warning",
    "warning",
  ]);
  // A compiled rate that only begins to learn, beside one that learns, says less.
  const begun = (steps: number, other: Partial<Attempt>) => {
    const given = makeAttempt({ given: true, steps, verdict: "slow" });
    const attempts = [given, makeAttempt(other)];
    return weighTrial([found], makeTrial({ attempts, givenVerdict: "slow", best: 1 }))[0].severity;
  };
  const soon = { steps: 80 };
  assertEquals([begun(81, soon), begun(80, soon), begun(81, { steps: 81 })], [
    "error",
    "warning",
    "warning",
  ]);
  assertEquals(begun(81, { ...soon, verdict: "slow" }), "warning");
});

Deno.test("weighTrial() leaves a signal that dies both ways an error if one rate alone learns random targets", () => {
  const about = { severity: "error", layer: "dense", measured: 0, expected: "1", fix: "" } as const;
  const gradient = makeFinding("vanishing-gradients", { ...about, message: "No gradient." });
  const signal = makeFinding("activation-scale", { ...about, kind: "too-small", message: "None." });
  const both = [gradient, signal];
  const weighed = (found: Finding[], given: Partial<Trial>) => {
    const attempts = [makeAttempt({ verdict: "fails" }), makeAttempt({ steps: 40 })];
    return weighTrial(found, makeTrial({ randomTargets: true, attempts, best: 1, ...given }));
  };
  const severities = (found: Finding[], given: Partial<Trial> = {}) =>
    weighed(found, given).map(({ severity }) => severity);
  assertEquals(severities(both), ["error", "error"]);
  assertEquals(
    weighed(both, {})[0].message,
    "No gradient. Learning random targets at one rate alone does not say otherwise.",
  );
  // The first rate learns, or the targets are those of the user, or the rate.
  assertEquals(severities(both, { attempts: [makeAttempt()], best: 0 }), ["warning", "warning"]);
  assertEquals(severities(both, { randomTargets: false }), ["warning", "warning"]);
  assertEquals(severities(both, { givenVerdict: "learns" }), ["warning", "warning"]);
  assertEquals(severities([gradient]), ["warning"]);
});

Deno.test("check gives ten layers that pass on nothing one verdict, however they are drawn", async () => {
  await using _engine = await startEngine();
  // Under seed 0 a rate of 0.01 learns the random targets of the batch, under seed 1 no rate does.
  const trials: unknown[] = [];
  for (const seed of [0, 1]) {
    const model = exerciseModel({ seed, std: 1e-3 });
    const { diagnosis } = await examine(model, randomBatch(model, { seed }), { seed });
    const [cause] = diagnosis.causes;
    assertEquals([diagnosis.verdict, cause.kind, cause.tried?.left], ["sick", "kernel-scale", 0]);
    trials.push(diagnosis.trial?.verdict);
    model.dispose();
  }
  assertEquals(trials, ["learns", "fails"]);
});

Deno.test("weighTrial() leaves a loss an error that starts more than 1000 times above guessing", () => {
  const severity = (loss: number, accuracy: number | null = null) => {
    const found = makeFinding("initial-loss", {
      severity: "error",
      kind: "too-large",
      layer: "dense",
      measured: loss,
      expected: "about 2",
      figures: { loss: { value: loss, unit: "J" }, high: { value: 2, unit: "J" } },
      message: "The loss is far above guessing.",
      fix: "Draw the head smaller.",
    });
    const trial = makeTrial({ attempts: [makeAttempt({ accuracy })] });
    return weighTrial([found], trial)[0].severity;
  };
  assertEquals([severity(1999), severity(2001)], ["warning", "error"]);
  // Classes are learned from any distance.
  assertEquals(severity(2001, 0.9), "warning");
});

/** A network for a curve, whose kernels have this share of a healthy scale, compiled with SGD. */
function scaled(
  { layers, initializers, sequential, tensor2d, tidy, train }: TensorFlow,
  { scale, rate }: {
    scale: number;
    rate: number;
  },
) {
  const dense = (units: number, seed: number, inputs: number) =>
    layers.dense({
      units,
      activation: units === 1 ? "linear" : "tanh",
      inputShape: [inputs],
      kernelInitializer: initializers.randomNormal({ seed, stddev: scale / Math.sqrt(inputs) }),
    });
  const model = sequential({ layers: [dense(32, 1, 2), dense(32, 2, 32), dense(1, 3, 32)] });
  model.compile({ optimizer: train.sgd(rate), loss: "meanSquaredError" });
  const inputs = tidy(() =>
    tensor2d(Array.from({ length: 32 }, (_, i) => [Math.sin(7 * i), Math.cos(5 * i)]))
  );
  const targets = tidy(() => tensor2d(Array.from({ length: 32 }, (_, i) => [Math.sin(7 * i)])));
  return { model, batch: { inputs, targets } };
}

Deno.test("examine() names the cause that lets the compiled rate learn before the rate", async () => {
  await using engine = await startEngine();
  const { model, batch } = scaled(engine.tf, { scale: 0.01, rate: 0.1 });
  const { diagnosis, trial, measurements, findings } = await examine(model, batch);
  assert(trial !== null && "verdict" in trial);
  // Adam learns all the same.
  assertEquals([trial.givenVerdict, trial.verdict], ["fails", "learns"]);
  const named = diagnosis.causes.map(({ kind, severity }) => `${kind} ${severity}`);
  assertEquals(named.slice(0, 2), ["kernel-scale error", "learning-rate error"]);
  const [cause] = diagnosis.causes;
  assertEquals([diagnosis.verdict, cause.tried?.worked, cause.tried?.left], ["sick", true, 0]);
  // A saved examination shows them in the same order.
  const again = withTreatment(diagnose(measurements, findings), diagnosis);
  assertEquals(again.causes.map(({ kind }) => kind).slice(0, 2), ["kernel-scale", "learning-rate"]);
  model.dispose();
});

Deno.test("examine() names the rate alone if no fix of another cause lets it learn", async () => {
  await using engine = await startEngine();
  const { model, batch } = scaled(engine.tf, { scale: 0.01, rate: 1e-6 });
  const { diagnosis: { causes } } = await examine(model, batch);
  assertEquals(causes[0].kind, "learning-rate");
  model.dispose();
});

Deno.test("examine() keeps the measurements of the fixed network, and the loss of both trials", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel();
  const { diagnosis, measurements, findings, trial, fixedTrial } = await examine(
    model,
    randomBatch(model),
  );
  const { after, curves } = diagnosis;
  const gradientOf = ({ layers }: typeof measurements) => layers[0].weights[0].gradients!.meanAbs;
  assertEquals(gradientOf(measurements), 0);
  assert(gradientOf(after!) > 0.01);
  assertEquals(runRules(after!).filter(({ severity }) => severity === "error"), []);
  for (const [losses, one] of [[curves!.before, trial], [curves!.after, fixedTrial]] as const) {
    assert(one !== null && "attempts" in one);
    const { steps, loss } = one.attempts[one.best!];
    assertEquals([losses!.length, losses!.at(-1)], [steps + 1, loss.last]);
  }
  // Documents have the verdict and the fixes, not a second network.
  const written = JSON.parse(renderJson(measurements, findings, { diagnosis })).diagnosis;
  // The loss falls, but most layers stand still.
  assertMatch(curves!.still ?? "", /^\d+ of \d+ layers hardly change$/);
  assertEquals(["after", "curves"].filter((key) => key in written), []);
  model.dispose();
});

Deno.test("examine() has no fixed network where nothing had to be fixed", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ std: 1 / Math.sqrt(20) });
  const { diagnosis } = await examine(model, randomBatch(model));
  assertEquals([diagnosis.verdict, diagnosis.after], ["healthy", undefined]);
  model.dispose();
});
