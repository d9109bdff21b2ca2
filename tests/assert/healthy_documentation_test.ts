import { assertEquals, assertMatch } from "@std/assert";
import { HEALTHY_DOCUMENTATION } from "../../src/assert/health_message.ts";
import { RULES } from "../../src/rules/rules.ts";

Deno.test("what is written down of assertHealthy() names every rule, and how often it fails a healthy network", () => {
  const { formula, falsePositives } = HEALTHY_DOCUMENTATION;
  for (const { name } of RULES) assertMatch(formula, new RegExp(`[ ]${name}[,.]`));
  // Its rate follows from those of its rules: no rule fails a control, and one warns of some.
  const clean = RULES.filter(({ falsePositives }) =>
    // A rule without a rate cannot be broken by the networks that rates are counted on.
    falsePositives === undefined ||
    falsePositives.startsWith("Not measured: it judges nothing unless it is asked to.") ||
    falsePositives.includes(" 0 errors (") && falsePositives.includes(" 0 warnings.")
  );
  const others = RULES.filter((rule) => !clean.includes(rule));
  assertEquals(others.map(({ name }) => name), ["initial-loss"]);
  const rate = (text: string) => text.match(/On 1600 healthy networks .*? warnings \(.*? %\)/)![0];
  assertEquals(rate(falsePositives!), rate(others[0].falsePositives!));
});
