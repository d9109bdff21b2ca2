import { assertEquals, assertStringIncludes } from "@std/assert";
import { RULES } from "../../src/checks/rules.ts";
import { CALIBRATION, calibrationSentences } from "../../src/generate/calibration.ts";
import { renderRule } from "../../src/render/render_rule.ts";

Deno.test("calibrationSentences() says precision and recall, and of how many", () => {
  const sentences = calibrationSentences({
    seeds: "made up",
    networks: { trains: 70, slow: 10, fails: 20 },
    rules: {
      some: { trains: 2, slow: 1, fails: 7 },
      none: { trains: 0, slow: 0, fails: 0 },
    },
  });
  assertEquals(sentences, {
    some:
      "Of 100 networks that no threshold was tuned on (bench/trainability, made up), the rule " +
      "finds an error in 10: 7 fail, 1 is slow and 2 train. Precision 80 % (95 % interval 49 % to " +
      "94.3 %), where slow counts as right; recall 35 % (95 % interval 18.1 % to 56.7 %) of the 20 " +
      "that fail.",
    none: "The rule finds an error in none of 100 networks that no threshold was tuned on " +
      "(bench/trainability, made up), of which 20 fail.",
  });
});

Deno.test("renderRule() shows what bench/trainability/rules.json has of each rule", async () => {
  const sentences = calibrationSentences(JSON.parse(await Deno.readTextFile(CALIBRATION)));
  for (const rule of RULES) {
    if (!Object.hasOwn(sentences, rule.name)) continue;
    assertStringIncludes(renderRule(rule, 1000, null), `  ${sentences[rule.name]}\n`);
  }
});
