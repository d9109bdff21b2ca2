import { assertEquals, assertStringIncludes } from "@std/assert";
import { GATE_RULES } from "../../src/gate/gate_rules.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

Deno.test("explain lists every rule that can be configured", async () => {
  const { code, stdout } = await runCommand(["explain"]);
  assertEquals(code, 0);
  const names = stdout.split("\n").filter((line) => /^[a-z-]+$/.test(line));
  assertEquals(names, GATE_RULES.map(({ name }) => name));
});

Deno.test("explain says what is written down of a rule, by its name or its assertion's", async () => {
  const [rule, assertion, baseline, gate] = await Promise.all(
    ["dead-units", "assertNoDeadUnits", "baseline", "expired-suppression"].map((name) =>
      runCommand(["explain", name])
    ),
  );
  assertEquals(assertion.stdout, rule.stdout);
  assertStringIncludes(rule.stdout, "dead-units (assertNoDeadUnits)\n");
  for (const part of ["definition", "deadFraction = 0.5", "source", "when it misleads"]) {
    assertStringIncludes(rule.stdout, part);
  }
  assertStringIncludes(baseline.stdout, "baseline (assertMatchesBaseline)\n");
  assertStringIncludes(baseline.stdout, "baselineFactor = 2");
  assertStringIncludes(gate.stdout, "expired-suppression\n");
});

Deno.test("explain refuses what is no rule", async () => {
  await assertRefuses(
    ["explain", "dead-unit"],
    'unknown rule dead-unit; did you mean "dead-units"?',
  );
  await assertRefuses(["explain", "a", "b"], "expected one RULE at most, found 2: a b");
});
