import { assertStringIncludes } from "@std/assert";
import { runRules } from "../../src/rules/run_rules.ts";
import { describeFix } from "../../src/diagnosis/fix_words.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { tryFixes } from "../../src/diagnosis/examine/try_fixes.ts";
import { measure } from "../../src/measure/measure.ts";
import { recurrent } from "../networks/ill_models.ts";
import { type Fault, patient } from "../networks/patients.ts";

const BINARY = { units: 1, objective: "binaryCrossentropy" } as const;
const half = (tf: TensorFlow, size: number) =>
  tf.tensor2d(Array.from({ length: 32 }, (_, i) => [size * (i % 2)]));

/** A fault, and how what `said` gives begins: the whole of it where a fix makes the network healthy. */
const ILL: Record<string, [Fault | ((tf: TensorFlow) => FixSubject), string]> = {
  "an input of ones": [{ input: "ones" }, "error input"],
  "biases of -3": [
    { bias: -3 },
    "error bias conv1, conv2, fc1 | Start the biases of conv1, conv2, fc1 at 0. | healthy",
  ],
  "a relu head under the binary loss": [
    { ...BINARY, head: "relu", targets: (tf) => half(tf, 1) },
    "warning head head",
  ],
  "binary targets of 0 and 255": [
    { ...BINARY, head: "sigmoid", targets: (tf) => half(tf, 255) },
    "error head head | Divide the targets of head by 255. | healthy",
  ],
  "a SimpleRNN drawn 5 times too large": [
    (tf) => recurrent(tf, "simpleRNN", 5),
    "error kernel-scale recurrent | Multiply the kernels of recurrent by 0.201. | healthy",
  ],
  "an LSTM drawn 30 times too large": [
    (tf) => recurrent(tf, "lstm", 30),
    "warning kernel-scale recurrent",
  ],
  "a GRU of zeros": [
    (tf) => recurrent(tf, "gru", 0),
    'error constant-weights recurrent | Draw the kernels of recurrent with kernelInitializer: "leCunUniform", recurrentInitializer: "leCunUniform". | healthy',
  ],
};

const measured = ({ model, batch, objective }: FixSubject) => measure(model, batch, { objective });

/** The cause that comes first, and the fixes that worked. */
async function said(tf: TensorFlow, subject: FixSubject): Promise<string> {
  const measurements = await measured(subject);
  const diagnosis = diagnose(measurements, runRules(measurements));
  const [{ severity, kind, layers }] = diagnosis.causes;
  const { fixes, after } = await tryFixes(tf, subject, { measurements, diagnosis }, {
    measure: measured,
    judge: runRules,
  });
  const words = fixes.map((fix) => describeFix(fix, measurements.layers));
  return [`${severity} ${kind} ${layers.join(", ")}`.trim(), ...words, after.verdict].join(" | ");
}

Deno.test("diagnose() names the cause first in the siblings of known illnesses too, and tries its fix", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [fault, expected]] of Object.entries(ILL)) {
    await t.step(name, async () => {
      const subject = typeof fault === "function" ? fault(tf) : patient(tf, fault);
      assertStringIncludes(await said(tf, subject), expected);
    });
  }
});
