import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine as examineModel } from "../../../src/core/diagnosis/examine/examine.ts";
import { tryFixes } from "../../../src/core/diagnosis/examine/try_fixes.ts";
import { describeFix } from "../../../src/core/diagnosis/fix_words.ts";
import { isFailing } from "../../../src/core/diagnosis/diagnosis.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import type { Trial } from "../../../src/core/probe/trial.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { deepPatient, type Fault, patient } from "../../networks/patients.ts";
import { ROWS, WARNED } from "../../networks/sick_networks.ts";
import { customLayer, sums } from "../../networks/trained_models.ts";

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
      const { fixes, after } = await tryFixes(tf, subject, before, { examine });
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
  // Each finding is in one place.
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

Deno.test("diagnose() does not blame a kernel that is 4 times too small for a gradient of exactly 0", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const small = (name: string, units: number, bias: number) =>
    tf.layers.dense({
      name,
      units,
      inputShape: [20],
      activation: units > 1 ? "relu" : undefined,
      biasInitializer: tf.initializers.constant({ value: bias }),
      kernelInitializer: tf.initializers.randomNormal({
        stddev: Math.sqrt(2 / 20) / 4,
        seed: units,
      }),
    });
  const model = tf.sequential({
    layers: [
      small("first", 64, 0),
      small("second", 1, -50),
      // Sent a gradient of 0 itself, so that none is cut at it.
      customLayer(tf, "clip", (x) => tf.mul(tf.clipByValue(x, 0, 1), 0)) as never,
    ],
  });
  const measurements = await measure(model, sums(tf), { objective: "meanSquaredError" });
  const { causes } = diagnose(measurements, runRules(measurements));
  const errors = causes.filter(({ severity }) => severity === "error");
  assertEquals(errors.some(({ kind }) => kind === "kernel-scale"), false);
  const said = errors.flatMap(({ message, fixes: [fix] }) => [message, JSON.stringify(fix)]);
  assertStringIncludes(said.join(" "), "clip");
});
