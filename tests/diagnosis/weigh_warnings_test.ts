import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { FixSubject } from "../../src/diagnosis/examine/apply_fixes.ts";
import { examine, type ExamineOptions } from "../../src/diagnosis/examine/examine.ts";
import { triedWords } from "../../src/render/render_diagnosis.ts";
import { denseModel, recurrent } from "../networks/ill_models.ts";
import { residualPatient } from "../networks/patients.ts";

const weights = ({ model }: FixSubject) => model.getWeights().map((weight) => weight.dataSync());

async function examined(subject: FixSubject, options: ExamineOptions = {}) {
  const before = weights(subject);
  const { model, batch, objective } = subject;
  const { diagnosis, findings } = await examine(model, batch, { objective, ...options });
  assertEquals(weights(subject), before);
  const notes = findings.filter(({ message }) =>
    message.includes("Only a note: the network learns")
  );
  return { ...diagnosis, notes };
}

Deno.test("examine() keeps a warning whose fix lets the network learn clearly sooner", async () => {
  await using engine = await startEngine();
  const faults: Record<string, Parameters<typeof denseModel>[1]> = {
    "kernel-scale": { depth: 6, std: 0.08 },
    "input": { inputs: (tf, inputs) => tf.mul(inputs, 20) },
    "dropout": { dropout: 0.62 },
  };
  for (const [kind, fault] of Object.entries(faults)) {
    const { verdict, causes, notes } = await examined(denseModel(engine.tf, fault));
    assertEquals([verdict, causes.map(({ kind }) => kind), notes], ["weak", [kind], []]);
    const { worked, steps } = causes[0].tried!;
    assert(worked && steps!.after * 3 <= steps!.before * 2, kind);
    assertMatch(
      triedWords(causes[0].tried!),
      /^Tried: this warning is then gone, and the network learns its batch in \d+ steps instead of \d+/,
    );
  }
});

Deno.test("examine() makes a note of a warning whose fix does not help", async () => {
  await using engine = await startEngine();
  const make = () => recurrent(engine.tf, "simpleRNN", 2);
  const { verdict, causes, notes } = await examined(make());
  assertEquals([verdict, causes, new Set(notes.map(({ rule }) => rule))], [
    "healthy",
    [],
    new Set(["saturated-activations", "init-scale"]),
  ]);
  for (const { severity, message } of notes) {
    assertEquals(severity, "note");
    assertMatch(message, /learns its batch in \d+ steps, and with the fix no sooner\.$/);
  }
  // Without a trial, nothing is known.
  assertEquals((await examined(make(), { trial: "off" })).verdict, "weak");
});

Deno.test("examine() makes a note of a warning that has no fix to try if training moves all layers", async () => {
  await using engine = await startEngine();
  const { verdict, notes: [note, ...others] } = await examined(residualPatient(engine.tf, 4));
  assertEquals([verdict, note.rule, others], ["healthy", "initial-loss", []]);
  assertMatch(note.message, /learns its batch in \d+ steps all the same\.$/);
});

Deno.test("examine() keeps warnings that a batch learned by heart says nothing about", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const linear = await examined(denseModel(tf, { activation: "linear" }));
  assertEquals([linear.trial!.verdict, linear.verdict], ["learns", "weak"]);
  assertEquals(linear.causes.map(({ kind }) => kind), ["no-activation"]);
  const frozen = await examined(denseModel(tf, { frozen: ["dense_1"] }));
  assertEquals([frozen.trial!.verdict, frozen.verdict], ["learns", "weak"]);
  assertStringIncludes(frozen.causes[0].message, "frozen, but looks untrained");
});
