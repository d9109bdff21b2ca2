import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  diagnoseTraining,
  progressOf,
  type WeightProgress,
} from "../../src/diagnosis/diagnose_training.ts";
import type { TensorStatistics } from "../../src/measure/tensor_statistics.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../checks/make_measurements.ts";
import { describeCure } from "../../src/diagnosis/cure_words.ts";

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
  assertStringIncludes(describeCure(cause.cures[0], []), "Lower it to about 0.00323");
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
  assertStringIncludes(describeCure(cause.cures[0], []), "by a factor of 10 or more");
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
