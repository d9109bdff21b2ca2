import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HEALTHY_DOCUMENTATION } from "../../src/assert/healthy_documentation.ts";
import { BASELINE_DOCUMENTATION } from "../../src/checks/matches_baseline.ts";
import { MODEL_RULES } from "../../src/checks/model_rules.ts";
import { RULES } from "../../src/checks/rules.ts";
import { THRESHOLDS } from "../../src/checks/thresholds.ts";

/** The docstring of an assertion, as one line of words. */
async function docstring(assertion: string): Promise<string> {
  const file = assertion.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const source = await Deno.readTextFile(
    new URL(`../../src/assert/${file}.ts`, import.meta.url),
  );
  const [comment] = source.match(/\/\*\*[\s\S]*?\*\/\nexport/)!;
  return comment.replaceAll(/\n \*/g, " ").replaceAll(/\s+/g, " ");
}

for (const rule of [...RULES, ...MODEL_RULES, BASELINE_DOCUMENTATION, HEALTHY_DOCUMENTATION]) {
  const assertion = rule.assertion || rule.name;
  Deno.test(`the docstring of ${assertion}() says what explain says of ${rule.name}`, async () => {
    const text = await docstring(assertion);
    assertStringIncludes(text, `- Definition: ${rule.formula}`);
    assertStringIncludes(text, `- Source: ${rule.source}`);
    assertStringIncludes(text, `- Misleads: ${rule.misleads}`);
    assertStringIncludes(text, `- False positives: ${rule.falsePositives}`);
    for (const name of rule.thresholds) {
      assertStringIncludes(text, `\`${name}\` ${THRESHOLDS[name].default}`);
    }
    assertEquals(/@example .*```ts .*```/.test(text), true);
  });
}

Deno.test("what is written down of assertHealthy() names every rule, and how often it fails a healthy network", () => {
  const { formula, falsePositives } = HEALTHY_DOCUMENTATION;
  for (const { name } of RULES) assertMatch(formula, new RegExp(`[ ]${name}[,.]`));
  // Its rate follows from those of its rules: no rule fails a control, and one warns of some.
  const clean = RULES.filter(({ falsePositives }) =>
    falsePositives!.includes(" 0 fail (") && falsePositives!.includes("none is warned of")
  );
  const others = RULES.filter((rule) => !clean.includes(rule));
  assertEquals(others.map(({ name }) => name), ["initial-loss"]);
  const rate = (text: string) =>
    text.match(/Of 1600 healthy networks .*? are warned of \(.*? %\)/)![0];
  assertEquals(rate(falsePositives!), rate(others[0].falsePositives!));
});
