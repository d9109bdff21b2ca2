import { assertEquals, assertStringIncludes } from "@std/assert";
import { readWeights } from "../../src/entry/model.ts";
import { measureWeights } from "../../src/entry/measure.ts";
import { checkedWords, showChecked } from "../../src/pages/show_lead.ts";
import { RULES } from "../../src/core/rules/rules.ts";

const file = measureWeights(await readWeights("fixtures/files/mlp.safetensors"));

Deno.test("showChecked() lists a rule of files for a file of weights, and not for a network", () => {
  const ofFile = { measurements: file, findings: [] };
  const judging = RULES.filter(({ weightsAlone }) => weightsAlone).length;
  assertStringIncludes(showChecked(ofFile).source, "<li>blocks-alike</li>");
  assertStringIncludes(showChecked(ofFile).source, "<li>half-precision</li>");
  assertEquals(checkedWords(ofFile), `${judging} rules passed.`);
  assertStringIncludes(
    showChecked(ofFile).source,
    `the other ${RULES.length - judging} rules need activations, gradients or a loss`,
  );
  const network = { measurements: { ...file, weightsOnly: undefined }, findings: [] };
  assertEquals(showChecked(network).source.includes("blocks-alike"), false);
  // All but that one, and half precision, which is judged if it is asked for. None of those three
  // layers has the figure.
  assertEquals(
    checkedWords(network),
    `${RULES.length - 5} rules passed, 3 had nothing to judge.`,
  );
  assertStringIncludes(
    showChecked(network).source,
    "Nothing to judge: saturated-activations (no activation saturates, as tanh does); " +
      "dead-units (no activation is 0 over a range, as relu is); " +
      "attention (no attention rows were seen; within a custom layer they are not).",
  );
  const layers = file.layers.map((layer) => ({ ...layer, deadFraction: 0 }));
  const relu = { measurements: { ...network.measurements, layers }, findings: [] };
  assertStringIncludes(showChecked(relu).source, "<li>dead-units</li>");
  assertEquals(checkedWords(relu), `${RULES.length - 4} rules passed, 2 had nothing to judge.`);
});
