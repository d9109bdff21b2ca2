import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runChecks } from "../../src/checks/run_checks.ts";
import type { CureSubject } from "../../src/examine/apply_cure.ts";
import { examine as examineModel } from "../../src/examine/examine.ts";
import type { Trial } from "../../src/probe/trial.ts";
import { tryCures } from "../../src/examine/try_cures.ts";
import { describeCure } from "../../src/diagnosis/cure_words.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { startEngine } from "../../src/engine/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import { exerciseModel } from "../../src/model/exercise_model.ts";
import { getWeights } from "../../src/model/get_weights.ts";
import { randomBatch } from "../../src/model/random_batch.ts";
import { deepPatient, type Fault, patient, residualPatient } from "./patients.ts";

const measured = ({ model, batch, objective }: CureSubject) => measure(model, batch, { objective });

async function examine(subject: CureSubject) {
  const measurements = await measured(subject);
  const findings = runChecks(measurements);
  return { measurements, findings, diagnosis: diagnose(measurements, findings) };
}

/** A fault, the cause that is to come first, and what of its cures works; `null` where none can be tried. */
interface Row {
  name: string;
  subject: Fault | ((tf: TensorFlow) => CureSubject);
  cause: string;
  layers: string[];
  cure: string | null;
}

const HIDDEN = ["conv1", "conv2", "fc1"];

const ROWS: Row[] = [
  {
    name: "kernels of std 0.001",
    subject: { std: 1e-3 },
    cause: "kernel-scale",
    layers: HIDDEN,
    cure: "heNormal",
  },
  {
    name: "kernels of std 2, the head too",
    subject: { std: 2 },
    cause: "kernel-scale",
    layers: [...HIDDEN, "head"],
    cure: "Multiply the kernels of conv1 ... head by",
  },
  {
    name: "biases of -10",
    subject: { bias: -10 },
    cause: "bias",
    layers: HIDDEN,
    cure: "Start the biases of conv1, conv2, fc1 at 0.",
  },
  {
    name: "eight sigmoids",
    subject: (tf) => deepPatient(tf, 8, { activation: "sigmoid", initializer: "glorotUniform" }),
    cause: "activation",
    layers: Array.from({ length: 8 }, (_, i) => `dense_${i + 1}`),
    cure: "Replace sigmoid in dense_1 ... dense_8 by tanh",
  },
  {
    name: "zeros",
    subject: { constant: 0 },
    cause: "constant-weights",
    layers: HIDDEN,
    cure: "Draw the kernels of conv1, conv2, fc1",
  },
  {
    name: "ones",
    subject: { constant: 1 },
    cause: "constant-weights",
    layers: HIDDEN,
    cure: "Draw the kernels of conv1, conv2, fc1",
  },
  { name: "a NaN", subject: { nan: true }, cause: "broken-numbers", layers: ["conv1"], cure: null },
  {
    name: "logits under a loss for probabilities",
    subject: { head: "linear" },
    cause: "head",
    layers: ["head"],
    cure: "End head in softmax.",
  },
  {
    name: "a softmax over one unit",
    subject: { units: 1 },
    cause: "head",
    layers: ["head"],
    cure: "End head in sigmoid, and use the loss binaryCrossentropy.",
  },
  {
    name: "classes from 1 to 10",
    subject: {
      objective: "sparseCategoricalCrossentropy",
      targets: (tf) => tf.tensor2d(Array.from({ length: 32 }, (_, i) => [i % 10 + 1])),
    },
    cause: "head",
    layers: ["head"],
    cure: "Count the classes of head from 0: add -1 to the targets.",
  },
  {
    name: "an input of zeros",
    subject: { input: "zeros" },
    cause: "input",
    layers: [],
    cure: null,
  },
  {
    name: "a frozen model",
    subject: { frozen: true },
    cause: "frozen",
    layers: [...HIDDEN, "head"],
    cure: "Set trainable = true",
  },
  {
    name: "Glorot under 20 layers of relu",
    subject: (tf) => deepPatient(tf, 20, { activation: "relu", initializer: "glorotUniform" }),
    cause: "gain",
    layers: Array.from({ length: 20 }, (_, i) => `dense_${i + 1}`),
    cure: "heNormal",
  },
  {
    name: "27 residual blocks without a normalisation",
    subject: (tf) => residualPatient(tf, 27),
    cause: "residual-growth",
    layers: Array.from({ length: 27 }, (_, i) => `add_${i + 1}`),
    cure: "Multiply the kernels of",
  },
];

Deno.test("diagnose() names the true cause first, and the cure that works", async (t) => {
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
      const { cures, after } = await tryCures(tf, subject, before, {
        measure: measured,
        judge: runChecks,
      });
      assertEquals(tf.memory().numTensors, tensors);
      assertEquals(getWeights(subject.model), weights);
      assertEquals((await measured(subject)).layers, before.measurements.layers);
      if (row.cure === null) assertEquals(cures, []);
      else {
        assertStringIncludes(describeCure(cures[0], before.measurements.layers), row.cure);
        assertEquals(after.verdict, "healthy");
      }
      subject.model.dispose();
      tf.dispose([subject.batch.inputs, subject.batch.targets ?? []]);
    });
  }
});

/** Of these one pass only warns, and training shows that it is more. */
const WARNED: Row[] = [
  {
    name: "inputs from 0 to 255",
    subject: { input: "bytes" },
    cause: "input",
    layers: [],
    cure: 'Normalise the input "conv1_input"',
  },
  {
    name: "a Rescaling by 255",
    subject: { rescaling: 255 },
    cause: "input",
    layers: ["rescaling"],
    cure: null,
  },
];

Deno.test("examine() makes a cause of what one pass warns of where the network does not learn", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const { name, subject, cause, layers, cure } of WARNED) {
    await t.step(name, async () => {
      const { model, batch, objective } = patient(tf, subject as Fault);
      const weights = getWeights(model);
      const { diagnosis, measurements, curedTrial } = await examineModel(model, batch, {
        objective,
      });
      assertEquals(getWeights(model), weights);
      const [first] = diagnosis.causes;
      assertEquals(diagnosis.verdict, "sick");
      assertEquals({ kind: first.kind, layers: first.layers }, { kind: cause, layers });
      assertEquals(first.findings[0].rule, "trial");
      if (cure === null) assertEquals(first.tried, undefined);
      else {
        assertStringIncludes(describeCure(first.cures[0], measurements.layers), cure);
        assertEquals((curedTrial as Trial).verdict, "learns");
      }
      model.dispose();
    });
  }
});

Deno.test("diagnose() warns of a sigmoid head under the categorical loss, which learns", async () => {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, { head: "sigmoid" });
  const { diagnosis } = await examineModel(model, batch, { objective });
  assertEquals(diagnosis.verdict, "healthy");
  assertEquals(diagnosis.causes.map(({ kind, severity }) => `${severity} ${kind}`), [
    "warning head",
  ]);
  model.dispose();
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
