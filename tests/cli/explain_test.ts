import { assertEquals, assertStringIncludes } from "@std/assert";
import { MODEL_RULES, RULES } from "../../src/core/rules/rules.ts";
import { GATE_RULES } from "../../src/gate/gate_rules.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

Deno.test("explain lists the rules of check, then those over a model by their assertions", async () => {
  const { code, stdout } = await runCommand(["explain"]);
  assertEquals(code, 0);
  const lines = stdout.split("\n").filter((line) => /^[A-Z]|^[a-z-]+( \(\w+\))?$/.test(line));
  assertEquals(lines, [
    "RULES OF REPORT AND CHECK",
    ...GATE_RULES.map(({ name }) => name),
    "RULES OVER A MODEL, BY THEIR ASSERTIONS",
    ...MODEL_RULES.map(({ name, assertion }) => `${name} (${assertion})`),
  ]);
});

Deno.test("explain says what is written down of a rule, by its name or its assertion's", async () => {
  const names = ["dead-units", "assertNoDeadUnits", "baseline", "expired-suppression", "causality"];
  const [rule, assertion, baseline, gate, model] = await Promise.all(
    names.map((name) => runCommand(["explain", name])),
  );
  assertEquals(assertion.stdout, rule.stdout);
  assertStringIncludes(rule.stdout, "dead-units (assertNoDeadUnits)\n");
  const sections = ["definition", "source", "when it misleads", "false positives"];
  for (const part of [...sections, "deadFraction = 0.5"]) assertStringIncludes(rule.stdout, part);
  for (const part of [...sections, "leakTolerance = 0.000001", "causality (assertCausal)\n"]) {
    assertStringIncludes(model.stdout, part);
  }
  assertStringIncludes(baseline.stdout, "baseline (assertMatchesBaseline)\n");
  assertStringIncludes(baseline.stdout, "baselineFactor = 2");
  assertStringIncludes(gate.stdout, "expired-suppression\n");
  // Only a rule that judges untrained networks otherwise says so.
  assertEquals(rule.stdout.includes("made for"), false);
  const { stdout } = await runCommand(["explain", "activation-scale"]);
  assertStringIncludes(stdout, "\nmade for\n  Untrained networks:");
});

Deno.test("explain says which rules assertHealthy covers", async () => {
  const { code, stdout } = await runCommand(["explain", "assertHealthy"]);
  assertEquals([code, stdout.split("\n")[0]], [0, "assertHealthy"]);
  for (const { name } of RULES) assertStringIncludes(stdout, name);
  for (const part of ["when it misleads", "false positives", "fix"]) {
    assertStringIncludes(stdout, `\n${part}\n`);
  }
});

Deno.test("explain rejects a name that is not a rule", async () => {
  await assertRefuses(["explain", ""], 'RULE is "", expected a name');
  await assertRefuses(
    ["explain", "dead-unit"],
    'The rule dead-unit is unknown; did you mean "dead-units"?',
  );
  await assertRefuses(
    ["explain", "vanishing"],
    'The rule vanishing is unknown; did you mean "vanishing-gradients"?',
  );
  await assertRefuses(
    ["explain", "assertNoDeadUnit"],
    'The rule assertNoDeadUnit is unknown; did you mean "assertNoDeadUnits"?',
  );
  // With several it would be a guess.
  await assertRefuses(
    ["explain", "gradient"],
    "The rule gradient is unknown, expected one that explain",
  );
  await assertRefuses(["explain", "a", "b"], "RULE is given 2 times, expected once at most: a b");
});
