import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeFix } from "../../../src/core/diagnosis/fix_words.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { FixSubject } from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import type { SkippedTrial, Trial } from "../../../src/core/probe/trial.ts";
import { HEALTHY, ILL } from "./ill_model_rows.ts";

const verdictOf = (trial: Trial | SkippedTrial | null) =>
  trial === null ? "untrained" : "skipped" in trial ? "skipped" : trial.verdict;

/**
 * Returns the first words of the report, after training and after the fixes of warnings were tried.
 */
async function said(subject: FixSubject): Promise<string[]> {
  const { model, batch, objective } = subject;
  const { diagnosis, measurements, trial, fixedTrial } = await examine(model, batch, {
    objective,
    trial: "always",
  });
  const [cause] = diagnosis.causes;
  const trials = `${verdictOf(trial)}, then ${verdictOf(fixedTrial)}`;
  if (cause === undefined) return [diagnosis.verdict, trials];
  const { severity, kind, layers, fixes, tried } = cause;
  const fix = describeFix(fixes[0], measurements.layers);
  return [
    `${severity} ${kind} ${layers.join(" ")}`.trim(),
    fix,
    tried === undefined ? "not tried" : tried.worked && tried.left === 0 ? "worked" : "in vain",
    trials,
  ];
}

Deno.test("examine() names the true cause of published illnesses first, and tries its fix", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, [make, ...lines]] of Object.entries(ILL)) {
    await t.step(name, async () => {
      const subject = make(tf);
      const weights = getWeights(subject.model);
      const found = await said(subject);
      assertEquals(getWeights(subject.model), weights);
      assertEquals(found.length, lines.length);
      found.forEach((line, i) => assertStringIncludes(line, lines[i]));
      subject.model.dispose();
    });
  }
});

Deno.test("examine() finds nothing in the same networks without a fault", async (t) => {
  await using engine = await startEngine();
  for (const [name, make] of Object.entries(HEALTHY)) {
    await t.step(name, async () => {
      assertEquals(await said(make(engine.tf)), ["healthy", "learns, then untrained"]);
    });
  }
});
