import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  causeOfTraining,
  diagnoseRecord,
  findingOfTraining,
  type HealthRecord,
  type Judged,
  shownHistory,
  standstillOf,
  trainingPassOf,
} from "../../../src/training/monitor/health_record.ts";
import type { Cause } from "../../../src/core/diagnosis/diagnosis.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import type { TrainingFinding } from "../../../src/training/judge_training.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";

interface Given extends Partial<Omit<Judged, "measurements">> {
  loss?: number;
  objective?: string;
}

const measured = (value: number, name: string) =>
  measurements([layer("dense_1", {})], { objective: { name, value, randomTargets: false } });

function judged({ loss = 1, objective = "meanSquaredError", ...given }: Given): Judged {
  return {
    step: 100,
    milliseconds: 0,
    isEnd: false,
    findings: [],
    progress: [],
    measurements: measured(loss, objective),
    ...given,
  };
}

function record(given: Given & { cause?: Cause } = {}): HealthRecord {
  const { step, findings, progress, measurements } = judged({ step: 0, ...given });
  const { cause = null } = given;
  return { step, epoch: 1, findings, progress, measurements, cause, milliseconds: 1 };
}

const error = finding("dense_1");
const note = finding("dense_1", { severity: "note" });
const nonFinite = (severity: Finding["severity"]) =>
  finding("dense_1", { rule: "non-finite", severity });

Deno.test("trainingPassOf() tells new errors from those before training, the learning rate aside", () => {
  const errors = (start: Finding[], now: Finding[]) =>
    trainingPassOf(judged({ findings: now }), [record({ findings: start })])!.errors;
  assertEquals(errors([], []), "none");
  assertEquals(errors([], [note]), "none");
  assertEquals(errors([], [error]), "new");
  assertEquals(errors([note], [error]), "new");
  assertEquals(errors([error], [error]), "old");
  assertEquals(errors([finding(null, { rule: "learning-rate" })], [error]), "new");
});

Deno.test("trainingPassOf() says nothing of a network that was not finite before training", () => {
  const pass = (start: HealthRecord[]) =>
    trainingPassOf(judged({ findings: [nonFinite("error")] }), start);
  assertEquals(pass([]), null);
  assertEquals(pass([record({ findings: [nonFinite("error")] })]), null);
  assertEquals(pass([record({ findings: [nonFinite("note")] })])!.hasNonFinite, true);
  assertEquals(trainingPassOf(judged({ findings: [error] }), [record()])!.hasNonFinite, false);
});

Deno.test("trainingPassOf() has the losses, but no sum of the outputs", () => {
  const pass = (objective: string) =>
    trainingPassOf(judged({ loss: 2, objective, step: 7 }), [record({ loss: 3, objective })])!;
  assertEquals(pass("meanSquaredError").loss, { before: 3, now: 2 });
  assertEquals(pass("meanSquaredError").step, 7);
  assertEquals(pass("sum").loss, null);
});

Deno.test("standstillOf() names the first error before training if the loss stays within 1 %", () => {
  const start = record({ loss: 200, findings: [note, error, nonFinite("error")] });
  const cause = standstillOf(judged({ loss: 202 }), [start])!;
  assertEquals([cause.kind, cause.severity, cause.findings.length], ["standstill", "warning", 2]);
  assertEquals(
    cause.message,
    `After 100 batches the loss is 202, as before training (200). Before training: ${error.message}`,
  );
  assertEquals(cause.fixes, [{ kind: "rebuild", what: error.fix }]);
  const stands = (loss: number) => standstillOf(judged({ loss }), [start]) !== null;
  assertEquals([197, 198, 202, 203].map(stands), [false, true, true, false]);
  assertEquals(stands(NaN), false);
  const below = record({ loss: -200, findings: [error] });
  assertEquals(standstillOf(judged({ loss: -201 }), [below])?.kind, "standstill");
});

Deno.test("standstillOf() waits for 100 steps or the end of the training", () => {
  const start = record({ findings: [error] });
  const stands = (given: Given) => standstillOf(judged(given), [start]) !== null;
  assertEquals(stands({ step: 99 }), false);
  assertEquals(stands({ step: 100 }), true);
  assertEquals(stands({ step: 99, isEnd: true }), true);
});

Deno.test("standstillOf() is silent without an error, a loss or anything left to learn", () => {
  const none = (given: Given, start: HealthRecord[]) =>
    assertEquals(standstillOf(judged(given), start), null);
  none({}, []);
  none({}, [record({ findings: [note] })]);
  none({ objective: "sum" }, [record({ objective: "sum", findings: [error] })]);
  none({ loss: 0 }, [record({ loss: 0, findings: [error] })]);
});

const trainingFinding: TrainingFinding = {
  rule: "rate-too-high",
  kind: "diverges",
  step: 20,
  severity: "error",
  layer: null,
  measured: 12,
  limit: 10,
  message: "The learning rate of 1 is too high.",
  fix: "Set it to 0.1.",
  since: 20,
};

Deno.test("findingOfTraining() expects a figure on the right side of the limit", () => {
  const expected = (over: Partial<TrainingFinding>) => {
    const { measured, expected } = findingOfTraining({ ...trainingFinding, ...over });
    return [measured, expected.text];
  };
  assertEquals(expected({ measured: 12 }), [12, "<= 10"]);
  assertEquals(expected({ measured: 10 }), [10, "<= 10"]);
  assertEquals(expected({ measured: 8 }), [8, ">= 10"]);
  assertEquals(expected({ measured: Infinity }), [null, "<= 10"]);
  assertEquals(expected({ measured: NaN, limit: null }), [null, "finite figures"]);
});

Deno.test("causeOfTraining() has errors and warnings as its consequences, and its layer", () => {
  const cause = (layer: string | null) =>
    causeOfTraining({ ...trainingFinding, layer }, [error, note], measured(1, "sum"));
  assertEquals(cause(null).layers, []);
  assertEquals(cause("dense_1").layers, ["dense_1"]);
  assertEquals(cause(null).consequences.map(({ rule }) => rule), [error.rule]);
  assertEquals(cause(null).findings.map(({ rule }) => rule), ["rate-too-high", error.rule]);
  assertEquals(cause(null).since, 20);
});

Deno.test("diagnoseRecord() prefers the cause in training, but what is found to a standstill", () => {
  const start = record({ findings: [finding("dense_1", { rule: "dead-units" })] });
  const standstill = standstillOf(judged({}), [start])!;
  const tooHigh = causeOfTraining(trainingFinding, [], measured(1, "sum"));
  const kinds = (given: Parameters<typeof record>[0]) =>
    diagnoseRecord(record(given)).causes.map(({ kind }) => kind);
  assertEquals(kinds({ cause: standstill }), ["standstill"]);
  assertEquals(kinds({ cause: standstill, findings: [note] }), ["standstill"]);
  assertEquals(kinds({ cause: standstill, findings: [error] }).includes("standstill"), false);
  assertEquals(kinds({ cause: tooHigh, findings: [error] }), ["rate-too-high"]);
});

Deno.test("diagnoseRecord() leaves out fixes of the initialisation once a weight has moved", () => {
  const large = makeWeight({ name: "dense/kernel", values: flat(5, 400) });
  const measurements = makeMeasurements([makeLayer({ weights: [large] }), makeHead()]);
  const findings = runRules(measurements);
  const fixes = (growth: number) => {
    const progress = [{ layer: "dense", weight: "dense/kernel", growth, updateRatio: null }];
    const { causes } = diagnoseRecord({ ...record({ findings, progress }), measurements });
    return causes.flatMap(({ fixes }) => fixes.map(({ kind }) => kind));
  };
  assertEquals(fixes(1).includes("rescale"), true);
  assertEquals(fixes(1.5).includes("rescale"), false);
});

Deno.test("a history prints its steps, and the errors, warnings and cause of each record", () => {
  const history = shownHistory();
  const print = () => Deno.inspect(history, { colors: false });
  assertEquals(print(), "0 records");
  history.push(record({ findings: [error, error, note] }));
  assertStringIncludes(print(), "1 record\n");
  const warning = finding("dense_1", { severity: "warning" });
  const cause = causeOfTraining(trainingFinding, [], measured(1, "sum"));
  history.push(record({ step: 20, findings: [warning], cause }));
  assertEquals(
    print(),
    `2 records, step 0 to 20
  step  epoch  J  errors  warnings  cause
  0     1      1  2       0         -
  20    1      1  0       1         The learning rate of 1 is too high.`,
  );
});
