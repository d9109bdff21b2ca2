import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { assertRule } from "../../../src/core/assert/assert_rule.ts";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import { defineRule, RuleError } from "../../../src/core/rules/define_rule.ts";
import { registerRule } from "../../../src/core/rules/register_rule.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

const broken = defineRule({
  name: "team/broken",
  tags: ["weights"],
  problem: "nothing",
  summary: "Never judges.",
  fix: "Nothing to do.",
  figure: { title: "none", scale: "linear", of: () => null },
  judge: () => {
    throw new Error("no rows");
  },
});
registerRule(broken);

Deno.test("healthMonitor() goes on training if a rule throws, and says once that it could not judge", async () => {
  await using engine = await startEngine();
  const objective = "meanSquaredError";
  const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed: 5 });
  const batch = randomBatch(model, { objective });
  model.compile({ optimizer: engine.tf.train.adam(1e-3), loss: objective });
  const monitor = healthMonitor({ batch, objective, every: 2 });
  const { error } = console;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    await model.fit(batch.inputs, batch.targets!, {
      epochs: 4,
      batchSize: 32,
      verbose: 0,
      callbacks: monitor,
    });
  } finally {
    console.error = error;
    engine.tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
  }
  assertEquals(monitor.history.map(({ step }) => step), [0, 2, 4]);
  for (const { findings } of monitor.history) {
    const [note] = findings.filter(({ rule }) => rule === "team/broken");
    assertEquals([note.severity, note.kind, note.unjudged], ["note", "threw", true]);
    assertStringIncludes(note.message, "The judge of the rule team/broken threw: no rows");
  }
  assertEquals(lines, [
    "healthMonitor, after 0 batches: The judge of the rule team/broken threw: no rows",
  ]);
});

Deno.test("an assertion and runRules() throw if a rule does, and name it", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ depth: 2, std: 1 / Math.sqrt(20) });
  const measurements = await measure(model, randomBatch(model));
  for (const judge of [() => assertRule(broken, measurements), () => runRules(measurements)]) {
    const error = assertThrows(
      judge,
      RuleError,
      "The judge of the rule team/broken threw: no rows",
    );
    assertEquals(error.rule, "team/broken");
  }
  model.dispose();
});

Deno.test("RuleError says of a rule of this package whose fault it is, and how to leave it out", () => {
  assertMatch(
    new RuleError("architecture", new TypeError("no rows")).message,
    /^The judge of the rule architecture threw: no rows\. This is a fault of gradient-health, .*"architecture": "off"/,
  );
});
