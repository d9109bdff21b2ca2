import { assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { type TrialMode } from "../../src/diagnosis/examine/try_findings.ts";
import { triedWords } from "../../src/render/render_diagnosis.ts";
import { words } from "../networks/patients.ts";
import { denseModel, recurrent } from "../networks/ill_models.ts";

async function examined({ model, batch, objective }: FixSubject, trial: TrialMode) {
  const examination = await examine(model, batch, { objective, trial });
  return { ...examination, cause: examination.diagnosis.causes[0] };
}

Deno.test("examine() tries the fix of a warning with trial: always, and with no other", async () => {
  await using engine = await startEngine();
  const make = () => words(engine.tf, { std: 10 });
  for (const mode of ["auto", "off", 20] as const) {
    assertEquals((await examined(make(), mode)).cause.tried, undefined, `${mode}`);
  }
  const { cause, fixes, diagnosis } = await examined(make(), "always");
  assertEquals([cause.severity, diagnosis.verdict], ["warning", "weak"]);
  assertEquals([cause.tried!.worked, cause.tried!.errors], [true, 0]);
  assertStringIncludes(triedWords(cause.tried!), "Tried: this warning is then gone");
  // What `fix` applies is what made the network healthy, and it was.
  assertEquals(fixes, []);
});

Deno.test("examine() tries the fixes of warnings on top of those of errors", async () => {
  await using engine = await startEngine();
  const subject = denseModel(engine.tf, {
    head: "tanh",
    targets: (tf, sum) => tf.mul(sum, 50),
  });
  const tried = async (mode: TrialMode) => {
    const { diagnosis, fixes } = await examined(subject, mode);
    const causes = diagnosis.causes.map(({ severity, kind, tried }) =>
      `${severity} ${kind} ${tried?.worked ?? "untried"}`
    );
    return [...causes, ...fixes.map(({ kind }) => kind)];
  };
  assertEquals(await tried("auto"), ["error head true", "warning targets untried", "head"]);
  assertEquals(await tried("always"), ["error head true", "warning targets true", "head"]);
});

/** A recurrent layer whose kernels are multiplied, each by its own factor. */
function recurrentOf(tf: TensorFlow, input: number, recurring: number): FixSubject {
  const subject = recurrent(tf, "simpleRNN", 1);
  const layer = subject.model.getLayer("recurrent");
  tf.tidy(() => {
    const [kernel, recurrentKernel, bias] = layer.getWeights();
    layer.setWeights([tf.mul(kernel, input), tf.mul(recurrentKernel, recurring), bias]);
  });
  return subject;
}

Deno.test("diagnose() rescales the kernel of the inputs with the recurrent one where both are too large", async () => {
  await using engine = await startEngine();
  const fixed = async (input: number, recurring: number) => {
    const { cause } = await examined(recurrentOf(engine.tf, input, recurring), "off");
    const [fix] = cause.fixes;
    return fix.kind === "rescale" ? fix.weights.map(({ weight }) => weight) : [];
  };
  assertEquals(await fixed(1, 5), ["recurrent/recurrent_kernel"]);
  // Glorot's is 0.45 times He's, and up to twice He's is usual.
  assertEquals(await fixed(4, 5), ["recurrent/recurrent_kernel"]);
  assertEquals(await fixed(5, 5), ["recurrent/kernel", "recurrent/recurrent_kernel"]);
});
