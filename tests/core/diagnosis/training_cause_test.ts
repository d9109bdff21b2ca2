import { assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { Cause } from "../../../src/core/diagnosis/diagnosis.ts";
import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { trainingCause } from "../../../src/core/diagnosis/examine/training_cause.ts";
import type { TrialMode } from "../../../src/core/diagnosis/examine/try_findings.ts";
import type { Fix } from "../../../src/core/diagnosis/fix.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Trial, TrialVerdict } from "../../../src/core/probe/trial.ts";
import { triedWords } from "../../../src/core/text/render_diagnosis.ts";
import { type Finding, makeFinding } from "../../../src/core/rules/finding.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { patient } from "../../networks/patients.ts";

/** A network of two dense layers on sensible data, in which no obstacle is to be seen. */
function small(tf: TensorFlow, between: LayersModel["layers"] = [], units = 6): FixSubject {
  const draw = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: "first", units, inputShape: [4], ...draw(1) }),
      ...between,
      tf.layers.dense({ name: "last", units: 1, ...draw(2) }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const inputs = tf.randomNormal([32, 4], 0, 1, "float32", 3);
  const targets = tf.randomNormal([32, 1], 0, 1, "float32", 4);
  return { model, batch: { inputs, targets }, objective: undefined };
}

/** A trial with one attempt. */
function trialOf(verdict: TrialVerdict, fit: number, steps = 40): Trial {
  const penalty = { first: 0, last: 0, gradientRatio: null };
  return {
    verdict,
    givenVerdict: verdict,
    reason: verdict === "fails" ? "no progress" : null,
    guess: 1,
    attempts: [{ fit, verdict, steps, given: true, penalty, accuracy: null }],
    best: 0,
  } as unknown as Trial;
}

const FAILED = makeFinding("trial", {
  severity: "error",
  layer: null,
  measured: null,
  expected: "a network that learns its batch",
  kind: "no-progress",
  message: "The network does not learn its batch.",
  fix: "Look at the targets.",
});

/** A warning of the pass with a fix. */
function warned(rule: "architecture" | "input-normalized", kind: string, fix: Fix): Cause {
  const finding = makeFinding(rule, {
    severity: "warning",
    layer: null,
    measured: 1,
    expected: "less",
    kind,
    message: `${kind}.`,
    fix: "Change it.",
  });
  const about = { severity: "warning", layers: [], consequences: [], findings: [finding] } as const;
  return { ...about, kind, message: finding.message, fixes: [fix] } as unknown as Cause;
}

const INPUT = warned("input-normalized", "input", {
  kind: "normalize-input",
  input: "first_input",
  index: 0,
  mean: 5,
  std: 1,
});

/** Stands, since a memorised batch says nothing about it. */
const LINEAR = warned("architecture", "no-activation", {
  kind: "activation",
  layers: ["first"],
  from: "linear",
  to: "relu",
  rescale: [],
});

/** Returns the differences of a subject from the original. */
function changesOf(subject: FixSubject, original: FixSubject): string {
  const [first, drop] = subject.model.layers;
  const { activation } = first.getConfig() as { activation: string };
  const { learningRate } = subject.model.optimizer as unknown as { learningRate: number };
  return [
    ...subject.batch.inputs === original.batch.inputs ? [] : ["input"],
    ...activation === "linear" ? [] : ["activation"],
    ...(drop.getConfig() as { rate?: number }).rate === 0 ? ["dropout"] : [],
    ...learningRate === 1e-3 ? [] : [`rate ${learningRate}`],
  ].join(" and ");
}

/** The causes of a failure, if each subject trains as `trials` says of its changes. */
async function causesOf(
  known: readonly Cause[],
  trials: Record<string, Trial>,
  trial = trialOf("fails", 0.06),
  finding = FAILED,
  dropout?: number,
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const between = dropout === undefined ? [] : [tf.layers.dropout({ rate: dropout })];
  const subject = small(tf, between, 16);
  const measurements = await measure(subject.model, subject.batch);
  const seen: string[] = [];
  const failed = { finding, trial, rates: null, measurements, known, found: [] };
  const { causes, fixes } = await trainingCause(tf, subject, failed, (changed) => {
    seen.push(changesOf(changed, subject));
    return Promise.resolve(trials[seen.at(-1)!] ?? trialOf("fails", 0));
  });
  assertEquals(changesOf(subject, subject), "");
  return {
    causes: causes.map(({ kind, severity, tried }) => `${kind} ${severity} ${tried?.left ?? "-"}`),
    fixes: fixes.map(({ kind }) => kind),
    seen,
  };
}

Deno.test("trainingCause() names a fix with which the network only begins to learn", async () => {
  assertEquals(await causesOf([INPUT], { input: trialOf("fails", 0.1) }), {
    causes: ["input error 1"],
    fixes: ["normalize-input"],
    seen: ["input"],
  });
});

Deno.test("trainingCause() names no fix with which the network still guesses, or which changes nothing", async () => {
  const nothing = { causes: ["trial error -"], fixes: [], seen: ["input"] };
  assertEquals(await causesOf([INPUT], { input: trialOf("fails", 0.099) }), nothing);
  const begun = trialOf("fails", 0.12);
  assertEquals(await causesOf([INPUT], { input: trialOf("fails", 0.2) }, begun), nothing);
});

Deno.test("trainingCause() tries all fixes together if none is enough by itself", async () => {
  const trials = { "input and activation": trialOf("learns", 0.6) };
  assertEquals(await causesOf([INPUT, LINEAR], trials), {
    causes: ["input error 1", "no-activation warning 0"],
    fixes: ["normalize-input", "activation"],
    seen: ["input", "activation", "input and activation"],
  });
  assertEquals(await causesOf([INPUT, LINEAR], {}), {
    causes: ["trial error -"],
    fixes: [],
    seen: ["input", "activation", "input and activation"],
  });
});

Deno.test("trainingCause() tries all fixes before it blames a rate beside which another one learns late", async () => {
  const rate = { ...FAILED, kind: "learning-rate" };
  const beside = (steps: number): Trial => {
    const { attempts: [failed] } = trialOf("fails", 0);
    const adam = { optimizer: "Adam", learningRate: 1e-3 };
    const other = {
      ...failed,
      ...adam,
      learningRate: 1e-2,
      steps,
      given: false,
      verdict: "learns",
    };
    return {
      ...trialOf("learns", 0.6),
      givenVerdict: "fails",
      attempts: [{ ...failed, ...adam, steps: 300 }, other],
      best: 1,
    } as unknown as Trial;
  };
  const trials = { input: trialOf("learns", 0.6) };
  assertEquals(await causesOf([INPUT], trials, beside(80), rate), {
    causes: ["learning-rate error 0"],
    fixes: ["learning-rate"],
    seen: [],
  });
  assertEquals(await causesOf([INPUT], trials, beside(81), rate), {
    causes: ["input error 0", "learning-rate error 1"],
    fixes: ["normalize-input"],
    seen: ["input"],
  });
  // No fix helps at the compiled rate or at the other one, which is not known to train.
  assertEquals(await causesOf([INPUT], {}, beside(81), rate), {
    causes: ["learning-rate error 1"],
    fixes: ["learning-rate"],
    seen: ["input", "input and rate 0.01"],
  });
});

Deno.test("trainingCause() also tries the fix of a standing warning, and of no other, once the network trains", async () => {
  const trains = trialOf("learns", 0.6);
  const trials = { input: trains, activation: trains, "input and activation": trains };
  assertEquals(await causesOf([INPUT, LINEAR], trials), {
    causes: ["input error 0", "no-activation warning 0"],
    fixes: ["normalize-input", "activation"],
    seen: ["input", "input and activation"],
  });
  assertEquals(await causesOf([LINEAR, INPUT], trials), {
    causes: ["no-activation error 0"],
    fixes: ["activation"],
    seen: ["activation"],
  });
});

const LINEAR_FIRST = [LINEAR, INPUT];

Deno.test("trainingCause() adds the fix of a warning if the network learns late, and clearly sooner with it", async () => {
  const withSteps = (one: number, both: number) =>
    causesOf(LINEAR_FIRST, {
      activation: trialOf("learns", 0.6, one),
      "input and activation": trialOf("learns", 0.6, both),
    });
  const seen = ["activation", "input and activation"];
  const alone = { causes: ["no-activation error 0"], fixes: ["activation"], seen };
  assertEquals(await withSteps(40, 1), { ...alone, seen: ["activation"] });
  assertEquals(await withSteps(41, 28), alone);
  assertEquals(await withSteps(41, 27), {
    causes: ["no-activation error 1", "input warning 0"],
    fixes: ["activation", "normalize-input"],
    seen,
  });
});

Deno.test("trainingCause() does not count a fix with which the network learns too late", async () => {
  const { causes } = await causesOf([LINEAR], { activation: trialOf("learns", 0.6, 105) });
  assertEquals(causes, ["no-activation error 0"]);
  const { causes: late } = await causesOf([LINEAR], { activation: trialOf("learns", 0.6, 106) });
  assertEquals(late, ["no-activation error 1"]);
});

Deno.test("trainingCause() adds the rate at which the fixed network learns", async () => {
  const adam = { optimizer: "Adam", penalty: { gradientRatio: null }, accuracy: null };
  const attempt = (verdict: TrialVerdict, learningRate: number, given: boolean) => ({
    ...adam,
    verdict,
    learningRate,
    given,
    steps: 50,
    fit: 0.6,
  });
  const slow = {
    ...trialOf("learns", 0.6),
    givenVerdict: "slow",
    attempts: [attempt("slow", 1e-3, true), attempt("learns", 3e-3, false)],
    best: 1,
  } as unknown as Trial;
  const trials = { activation: slow, "activation and rate 0.003": trialOf("learns", 0.6) };
  assertEquals(await causesOf([LINEAR], trials), {
    causes: ["no-activation error 0"],
    fixes: ["activation", "learning-rate"],
    seen: ["activation", "activation and rate 0.003"],
  });
  assertEquals(await causesOf([LINEAR], { activation: slow }), {
    causes: ["no-activation error 1"],
    fixes: ["activation"],
    seen: ["activation", "activation and rate 0.003"],
  });
});

Deno.test("trainingCause() names a warning before dropout of a usual rate if both are in the way", async () => {
  const trials = {
    dropout: trialOf("learns", 0.6, 60),
    "input and dropout": trialOf("learns", 0.6, 20),
  };
  const causes = async (rate: number) =>
    (await causesOf([INPUT], trials, trialOf("fails", 0.06), FAILED, rate)).causes;
  assertEquals(await causes(0.5), ["input error 1", "dropout error 0"]);
  assertEquals(await causes(0.6), ["dropout error 1", "input warning 0"]);
});

Deno.test("trainingCause() calls layers too narrow if dropout leaves nothing of 1 % of the examples", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kindOf = async (units: number) => {
    const subject = small(tf, [tf.layers.dropout({ name: "drop", rate: 0.2 })], units);
    const measurements = await measure(subject.model, subject.batch);
    const trial = trialOf("fails", 0);
    const failed = { finding: FAILED, trial, rates: null, measurements, known: [], found: [] };
    const learned = () => Promise.resolve(trialOf("learns", 0.6));
    const { causes: [cause], fixes } = await trainingCause(tf, subject, failed, learned);
    assertEquals(fixes, [{ kind: "dropout", layers: ["drop"], rate: 0 }]);
    return `${cause.kind}: ${cause.message}`;
  };
  // 0.2 ** 2 = 0.04 and 0.2 ** 3 = 0.008.
  assertStringIncludes(
    await kindOf(2),
    "narrow: The network is too narrow for its dropout: drop drops 0.2 of the entries, and of 4 % of",
  );
  assertStringIncludes(await kindOf(3), "dropout: Dropout takes too much: drop drops 0.2");
});

Deno.test("diagnose() names a rate beyond any use before kernels that are only unusual", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { std: 3 });
  model.compile({ optimizer: engine.tf.train.sgd(3), loss: "categoricalCrossentropy" });
  const measurements = await measure(model, batch, { objective });
  const findings = runRules(measurements);
  const firstOf = (findings: Finding[]) =>
    diagnose(measurements, findings).causes.slice(0, 2)
      .map(({ kind, severity }) => `${kind} ${severity}`);
  assertEquals(firstOf(findings), ["kernel-scale error", "learning-rate error"]);
  const unusual = findings.map((finding): Finding =>
    finding.rule === "init-scale" ? { ...finding, severity: "warning" } : finding
  );
  assertEquals(firstOf(unusual), ["learning-rate error", "kernel-scale error"]);
  const usual = unusual.map((finding): Finding =>
    finding.rule === "learning-rate" ? { ...finding, severity: "warning" } : finding
  );
  assertEquals(firstOf(usual), ["kernel-scale error", "learning-rate warning"]);
});

Deno.test("diagnose() blames numbers far beyond 1 under binary cross-entropy, and for classes the head", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const firstOf = async (target: (i: number) => number) => {
    const { model, batch, objective } = patient(tf, {
      head: "sigmoid",
      units: 1,
      objective: "binaryCrossentropy",
      targets: (tf) => tf.tensor2d(Array.from({ length: 32 }, (_, i) => [target(i)])),
    });
    const measurements = await measure(model, batch, { objective });
    const [{ kind, fixes }] = diagnose(measurements, runRules(measurements)).causes;
    return [kind, fixes[0].kind];
  };
  assertEquals(await firstOf((i) => 1000 * Math.sin(i) ** 2), ["targets", "normalize-targets"]);
  // Ten classes are not divided by 9; three are two more than one unit tells apart.
  assertEquals(await firstOf((i) => i % 10), ["head", "rebuild"]);
  assertEquals(await firstOf((i) => i % 3), ["head", "rebuild"]);
  assertEquals(await firstOf((i) => 255 * (i % 2)), ["head", "normalize-targets"]);
});

Deno.test("examine() says of a tried fix if one pass alone judged it", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { bias: -10 });
  const triedWith = async (trial: TrialMode) => {
    const { diagnosis: { causes: [cause] } } = await examine(model, batch, {
      objective,
      trial,
    });
    return triedWords(cause).join().split(";")[0];
  };
  assertEquals(await triedWith("auto"), "Tried: the model is then HEALTHY");
  assertEquals(
    await triedWith("off"),
    "Tried: the model is then HEALTHY by one pass, without training",
  );
});
