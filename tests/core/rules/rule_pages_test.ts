import { assertRule } from "../../../src/core/assert/assert_rule.ts";
import { inputNormalized } from "../../../src/core/rules/data/input_normalized.ts";
import { MODEL_RULES, RULES } from "../../../src/core/rules/rules.ts";
import { biasInit } from "../../../src/core/rules/weights/bias_init.ts";
import { CALIBRATION, calibrationSentences } from "../../../tools/generate/calibration.ts";
import { writePage } from "../../../tools/generate/write_page.ts";
import { flat, makeMeasurements, makeWeight, withInput } from "../../networks/measurements.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { AssertionError } from "@std/assert/assertion-error";

/** Returns a page without its line breaks, the widths of its columns, and its program. */
const plain = (page: string) =>
  page.split("```")[0].replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");

const calibrations = calibrationSentences(JSON.parse(await Deno.readTextFile(CALIBRATION)));

for (const rule of [...RULES, ...MODEL_RULES]) {
  Deno.test(`docs/rules/${rule.name}.md says what the record of the rule says`, async () => {
    const page = new URL(`../../../docs/rules/${rule.name}.md`, import.meta.url);
    const [head, ...rest] = (await Deno.readTextFile(page)).split("\n");
    const source = head.match(/from (\S+):/)![1];
    const written = writePage({ ...rule }, source, calibrations[rule.name]);
    assertEquals(plain(rest.join("\n")), plain(written.split("\n").slice(1).join("\n")));
  });
}

Deno.test("studies name the rules from the gravest on", () => {
  const studied = RULES.filter(({ study }) => study !== undefined);
  const orders = studied.map(({ study }) => study!.order);
  assertEquals(new Set(orders).size, orders.length);
  const known = ["n", "v", "e", "s", "d"];
  const letters = studied.toSorted((a, b) => a.study!.order - b.study!.order)
    .map(({ study }) => study!.letter);
  assertEquals(letters.filter((letter) => known.includes(letter)), known);
});

Deno.test("assertions on inputs and on biases fail where the rule only warns", () => {
  const pixels = withInput(flat(255, 640));
  const bias = makeWeight({ name: "dense/bias", shape: [20], values: flat(0.3, 20) });
  const biased = makeMeasurements([{ weights: [makeWeight(), bias] }]);
  for (const [rule, measurements] of [[inputNormalized, pixels], [biasInit, biased]] as const) {
    assertEquals(rule.run(measurements).map(({ severity }) => severity), ["warning"], rule.name);
    assertThrows(() => assertRule(rule, measurements), AssertionError);
  }
});
