import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import {
  diagnoseStandstill,
  diagnoseTraining,
  progressOf,
  type Standstill,
  type WeightProgress,
} from "../../src/diagnosis/diagnose_training.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { examine as examineModel } from "../../src/diagnosis/examine/examine.ts";
import { tryFixes } from "../../src/diagnosis/examine/try_fixes.ts";
import { describeFix } from "../../src/diagnosis/fix_words.ts";
import { isFailing } from "../../src/diagnosis/verdict.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import type { TensorStatistics } from "../../src/measure/measurements.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { getWeights } from "../../src/model/weights/set_weights.ts";
import type { Trial } from "../../src/probe/trial.ts";
import { makeFinding } from "../../src/rules/finding.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../networks/measurements.ts";
import { deepPatient, type Fault, patient } from "../networks/patients.ts";
import { ROWS, WARNED } from "../networks/sick_networks.ts";

const measured = ({ model, batch, objective }: FixSubject) => measure(model, batch, { objective });

async function examine(subject: FixSubject) {
  const measurements = await measured(subject);
  const findings = runRules(measurements);
  return { measurements, findings, diagnosis: diagnose(measurements, findings) };
}

Deno.test("diagnose() names the true cause first, and the fix that works", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const row of ROWS) {
    await t.step(row.name, async () => {
      const subject = typeof row.subject === "function"
        ? row.subject(tf)
        : patient(tf, row.subject);
      const weights = getWeights(subject.model);
      const before = await examine(subject);
      const [cause] = before.diagnosis.causes;
      assertEquals(before.diagnosis.verdict, "sick");
      assertEquals({ kind: cause.kind, layers: cause.layers }, {
        kind: row.cause,
        layers: row.layers,
      });
      const tensors = tf.memory().numTensors;
      const { fixes, after } = await tryFixes(tf, subject, before, {
        measure: measured,
        judge: runRules,
      });
      assertEquals(tf.memory().numTensors, tensors);
      assertEquals(getWeights(subject.model), weights);
      assertEquals((await measured(subject)).layers, before.measurements.layers);
      if (row.fix === null) assertEquals(fixes, []);
      else {
        assertStringIncludes(describeFix(fixes[0], before.measurements.layers), row.fix);
        assertEquals(isFailing(after.verdict), false);
      }
      subject.model.dispose();
      tf.dispose([subject.batch.inputs, subject.batch.targets ?? []]);
    });
  }
});

Deno.test("examine() makes a cause of what one pass warns of where the network does not learn", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const { name, subject, cause, layers, fix } of WARNED) {
    await t.step(name, async () => {
      const { model, batch, objective } = patient(tf, subject as Fault);
      const weights = getWeights(model);
      const { diagnosis, measurements, fixedTrial } = await examineModel(model, batch, {
        objective,
      });
      assertEquals(getWeights(model), weights);
      const [first] = diagnosis.causes;
      assertEquals(diagnosis.verdict, "sick");
      assertEquals({ kind: first.kind, layers: first.layers }, { kind: cause, layers });
      assertEquals(first.findings[0].rule, "trial");
      if (fix === null) assertEquals(first.tried, undefined);
      else {
        assertStringIncludes(describeFix(first.fixes[0], measurements.layers), fix);
        assertEquals((fixedTrial as Trial).verdict, "learns");
      }
      model.dispose();
    });
  }
});

Deno.test("diagnose() warns of a sigmoid head under the categorical loss, which learns", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { head: "sigmoid" });
  const { diagnosis } = await examineModel(model, batch, { objective });
  assertEquals(diagnosis.verdict, "weak");
  assertEquals(diagnosis.causes.map(({ kind, severity }) => `${severity} ${kind}`), [
    "warning head",
  ]);
  model.dispose();
});

Deno.test("diagnose() warns of Glorot's kernels under 20 layers of relu, which learn by Adam", async () => {
  await using engine = await startEngine();
  const subject = deepPatient(engine.tf, 20, {
    activation: "relu",
    initializer: "glorotUniform",
  });
  const { diagnosis } = await examine(subject);
  const [cause] = diagnosis.causes;
  assertEquals([diagnosis.verdict, cause.kind, cause.layers?.length], ["weak", "gain", 20]);
  subject.model.dispose();
});

Deno.test("diagnose() finds one cause and four consequences in the exercise's network", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel();
  const { findings, diagnosis } = await examine({
    model,
    batch: randomBatch(model),
    objective: undefined,
  });
  const [cause, ...others] = diagnosis.causes;
  assertEquals(others, []);
  assertEquals(cause.message, "The kernels of dense_2 ... dense_10 are about 890 times too large.");
  assertEquals(cause.consequences.map(({ rule }) => rule), [
    "gradients-flow",
    "vanishing-gradients",
    "saturated-activations",
    "activation-scale",
  ]);
  // Each finding stands in one place.
  const shown = [...diagnosis.causes.flatMap(({ findings }) => findings), ...diagnosis.notes];
  assertEquals(new Set(shown), new Set(findings));
  assertEquals(shown.length, findings.length);
  model.dispose();
});

Deno.test("diagnose() finds nothing in a healthy network", async () => {
  await using engine = await startEngine();
  const subject = patient(engine.tf);
  const { diagnosis } = await examine(subject);
  assertEquals(diagnosis.verdict, "healthy");
  assert(diagnosis.causes.length === 0);
  subject.model.dispose();
});

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
