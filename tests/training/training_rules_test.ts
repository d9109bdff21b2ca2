import { assert, assertEquals, assertThrows } from "@std/assert";
import { causeOf, judgeTraining, TrainingJudge } from "../../src/training/judge_training.ts";
import { TRAINING_RULES } from "../../src/training/training_rules.ts";
import { healthyLog, SICK } from "./sick_logs.ts";

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
  assertEquals(findings.map(({ rule, step }) => `${rule} ${step}`), ["spike 40", "not-finite 41"]);
  assertEquals(causeOf(findings)!.rule, "spike");
  // An error much later is another matter.
  const late = healthyLog(
    80,
    ({ step }) =>
      step === 40 ? { largestInput: 3e4 } : step > 70 ? { loss: NaN, gradientNorm: NaN } : {},
  );
  assertEquals(causeOf(judgeTraining(late))!.rule, "not-finite");
});

Deno.test("a spike that lasts is an error, and spikes are reported each time", () => {
  const jump = { loss: 5, gradientNorm: 9 };
  const lasting = healthyLog(60, ({ step }) => step === 40 ? jump : step > 40 ? { loss: 3 } : {});
  assert(judgeTraining(lasting).some(({ rule, kind }) => rule === "spike" && kind === "lasting"));
  const twice = healthyLog(90, ({ step }) => step === 40 || step === 70 ? jump : {});
  assertEquals(judgeTraining(twice).map(({ step }) => step), [40, 70]);
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
  assertThrows(
    () => judgeTraining(rows, { thresholds: { mostSigmas: -1 } }),
    TypeError,
    "mostSigmas",
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
