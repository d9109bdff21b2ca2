import { assertEquals, assertStringIncludes } from "@std/assert";
import { CALIBRATIONS } from "../../src/core/rules/rules.ts";
import { CALIBRATION, calibrationSentences } from "../../tools/generate/calibration.ts";
import { runCommand } from "../cli/run_command.ts";

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
    none: "The rule finds no error in 100 networks that no threshold was tuned on " +
      "(bench/trainability, made up); 20 of them fail.",
  });
});

Deno.test("explain shows what bench/trainability/rules.json has of a rule", async () => {
  const sentences = calibrationSentences(JSON.parse(await Deno.readTextFile(CALIBRATION)));
  assertEquals(CALIBRATIONS, sentences);
  const { stdout } = await runCommand(["explain", "dead-units", "--columns", "1000"]);
  assertStringIncludes(stdout, `precision and recall\n  ${sentences["dead-units"]}\n`);
});
