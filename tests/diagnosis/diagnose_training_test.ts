import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeFinding } from "../../src/rules/finding.ts";
import {
  diagnoseStandstill,
  diagnoseTraining,
  progressOf,
  type Standstill,
  type WeightProgress,
} from "../../src/diagnosis/diagnose_training.ts";
import type { TensorStatistics } from "../../src/measure/measurements.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../networks/measurements.ts";
import { describeFix } from "../../src/diagnosis/fix_words.ts";

const kernel = (figures: Partial<WeightProgress>): WeightProgress => ({
  layer: "conv1",
  weight: "conv1/kernel",
  growth: 1,
  updateRatio: 1e-3,
  ...figures,
});

Deno.test("diagnoseTraining() names the learning rate from an update ratio of 0.3 on", () => {
  assertEquals(diagnoseTraining([kernel({ updateRatio: 0.3 })], [], { learningRate: 0.1 }), null);
  const cause = diagnoseTraining([kernel({ updateRatio: 0.31 })], [], { learningRate: 0.1 })!;
  assertEquals(cause.kind, "learning-rate");
  assertEquals(
    cause.message,
    "The learning rate of 0.1 is too large: the last step changed conv1/kernel by 0.31 times its own size.",
  );
  assertStringIncludes(describeFix(cause.fixes[0], []), "Lower it to about 0.00323");
});

Deno.test("diagnoseTraining() names the learning rate where a kernel grew more than 10 times", () => {
  assertEquals(diagnoseTraining([kernel({ growth: 10 })], []), null);
  assertStringIncludes(
    diagnoseTraining([kernel({ growth: 16.3 })], [])!.message,
    "The learning rate is too large: conv1/kernel is 16.3 times as large as before training.",
  );
});

Deno.test("diagnoseTraining() puts NaN before every number", () => {
  const cause = diagnoseTraining(
    [kernel({ updateRatio: 5 }), kernel({ weight: "fc/kernel", updateRatio: NaN })],
    [],
    { learningRate: 50 },
  )!;
  assertEquals(
    cause.message,
    "The learning rate of 50 is too large: training has left NaN or infinite values in fc/kernel.",
  );
  assertStringIncludes(describeFix(cause.fixes[0], []), "by a factor of 10 or more");
});

Deno.test("diagnoseTraining() advises a rate that is used, and one that is far lower", () => {
  const fix = (learningRate: number, optimizer: string, updateRatio: number) => {
    const [fix] = diagnoseTraining([kernel({ updateRatio, growth: 20 })], [], {
      learningRate,
      optimizer,
    })!.fixes;
    return describeFix(fix, []);
  };
  assertStringIncludes(fix(1, "Adam", 0.0132), "Lower it to 0.001, the usual rate of Adam, and");
  assertStringIncludes(fix(50, "SGD", 1112), "Lower it to 0.01, the usual rate of SGD, and");
  // A usual rate is lowered ten times at least.
  assertStringIncludes(fix(0.02, "Adam", 0.0132), "Lower it to about 0.002,");
  assertStringIncludes(fix(0.02, "Unheard", 4), "Lower it to about 5e-5,");
});

/** A standstill after 320 batches of Adam at 1e-8. */
const standstill = (given: Partial<Standstill> = {}): Standstill => ({
  loss: { before: 2.37, now: 2.369 },
  found: [makeFinding("learning-rate", {
    severity: "error",
    kind: "too-low",
    layer: null,
    measured: 1e-8,
    expected: "more",
    message: "The rate is low.",
    fix: "Raise it.",
  })],
  steps: 320,
  optimizer: "Adam",
  learningRate: 1e-8,
  ...given,
});

Deno.test("diagnoseStandstill() names a rate that moves nothing, how much too small its steps are, and a better one", () => {
  const cause = diagnoseStandstill([kernel({ updateRatio: 2.8e-8 })], standstill())!;
  assertEquals([cause.kind, cause.severity], ["learning-rate-too-low", "error"]);
  assertEquals(
    cause.message,
    "The learning rate of 1e-8 is too small: the last step changed no kernel by more than 2.8e-8 of its size, " +
      "3.57e4 times less than usual. After 320 batches the loss is 2.37, as before training (2.37).",
  );
  assertEquals(describeFix(cause.fixes[0], []), "Raise it to 0.001, the usual rate of Adam.");
});

Deno.test("diagnoseStandstill() only warns of other errors, and of none where the loss has moved", () => {
  const moving = [kernel({ updateRatio: 1e-3 })];
  const cause = diagnoseStandstill(moving, standstill())!;
  assertEquals([cause.kind, cause.severity], ["standstill", "warning"]);
  assertStringIncludes(cause.message, "Before training: The rate is low.");
  assertEquals(diagnoseStandstill(moving, standstill({ found: [] })), null);
  assertEquals(diagnoseStandstill(moving, standstill({ loss: { before: 2, now: 1.97 } })), null);
  assertEquals(diagnoseStandstill(moving, standstill({ loss: { before: 2, now: NaN } })), null);
});

Deno.test("progressOf() tells a kernel that is no number from one that training has made small", () => {
  const grown = (values: Partial<TensorStatistics>) => {
    const of = (values: TensorStatistics) =>
      makeMeasurements([{ weights: [makeWeight({ values })] }]);
    const now = of({ ...statisticsOf([1, 1]), ...values });
    return progressOf(of(statisticsOf([2, 2])), now, { updates: new Map() })[0].growth;
  };
  assertEquals(grown({}), 0.5);
  // The rms is of the finite entries, of which there may be none.
  assertEquals(grown({ nonFinite: 2, rms: 0 }), NaN);
});

Deno.test("diagnoseTraining() finds nothing where no kernel moved much", () => {
  assertEquals(
    diagnoseTraining([kernel({ growth: null, updateRatio: null })], [], { learningRate: 0.1 }),
    null,
  );
  assertEquals(diagnoseTraining([], [], { learningRate: 0.1 }), null);
});
