import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { type Finding, saidOf } from "../../../src/core/rules/finding.ts";
import { judgeRule, type RunRulesOptions } from "../../../src/core/rules/judge_rule.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { sayPlain } from "../../../src/core/rules/say.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { snapshotOf } from "../../snapshot_of.ts";

export const judge = (rule: string, measurements: Measurements, options: RunRulesOptions = {}) =>
  judgeRule(RULES.find(({ name }) => name === rule)!, measurements, options);

/**
 * Tests what the rules say: each sentence is as its snapshot has it, and is made of its parts.
 *
 * @param test `import.meta` of the test file, whose snapshots these are.
 */
export function testMessages(test: ImportMeta, said: Record<string, () => Finding[]>): void {
  for (const [what, findings] of Object.entries(said)) {
    Deno.test(`the rules say of ${what}`, async (t) => {
      const found = findings();
      assert(found.length > 0);
      for (const finding of found) {
        const { message, fix, expected, kind, layer } = finding;
        assertMatch(kind ?? "", /^[a-z]+\d*(-[a-z]+)*$/, "every finding of ours has a kind");
        assertEquals(message, sayPlain(saidOf(finding, "message")));
        assertEquals(fix, sayPlain(saidOf(finding, "fix")));
        // A name in a text, or as any word, would keep equal messages apart.
        for (const part of [...saidOf(finding, "message"), ...saidOf(finding, "fix")]) {
          const text = typeof part === "string" ? part : "word" in part ? part.word : "";
          assert(
            !layer?.includes("_") || !text.split(/[\s/]/).includes(layer),
            `${layer} in "${text}"`,
          );
        }
        for (const text of [message, fix]) assertEquals(/^\S.*[.]$/.test(text), true, text);
        assertEquals(
          /undefined|\[object|NaN %/.test(`${message} ${fix} ${expected.text}`),
          false,
        );
      }
      await t.assertSnapshot(
        found.map(({ rule, kind, severity, layer, expected, message, fix }) =>
          `${rule}/${kind} ${severity} ${layer} (${expected.text}): ${message}\n  ${fix}`
        ).join("\n"),
        snapshotOf(test),
      );
    });
  }
}
