import { assert, assertStringIncludes } from "@std/assert";
import type { Fix } from "../../src/diagnosis/fix.ts";
import type { Cause } from "../../src/diagnosis/diagnosis.ts";
import { renderChanges } from "../../src/render/render_changes.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";

/** The changes of a model with one cause and these fixes. */
function changes(layer: string, fixes: Fix[], worked: boolean): string {
  const measurements = goldenMeasurements("relu_dead_layer");
  const cause: Cause = {
    kind: "bias",
    severity: "error",
    layers: [layer],
    message: `The biases of ${layer} are -100.`,
    consequences: [],
    findings: [],
    fixes,
    tried: {
      worked,
      errors: 2,
      left: worked ? 0 : 2,
      verdict: worked ? "healthy" : "sick",
      figure: null,
    },
  };
  return renderChanges({
    name: "model.json",
    version: "1.2.3",
    before: { measurements, diagnosis: { verdict: "sick", causes: [cause], notes: [] } },
    after: { measurements, diagnosis: { verdict: "healthy", causes: [], notes: [] } },
    changed: ["dense_3/bias"],
    weights: 1,
  });
}

const bias = (layer: string): Fix => ({
  kind: "set-bias",
  weights: [{ layer, weight: "dense_3/bias" }],
  value: 0,
});

Deno.test("renderChanges() shows what was done and what is left of a cause apart", () => {
  const head: Fix = { kind: "head", layer: "dense_5", activation: "softmax", loss: null };
  const text = changes("dense_3", [bias("dense_3"), head], true);
  assertStringIncludes(text, "gradient-health 1.2.3 changed 1 of 1 weight.\n");
  assertStringIncludes(
    text,
    "- Fix: Start the bias of dense\\_3 at 0.\n- Left to you: End dense\\_5",
  );
  assertStringIncludes(text, "| `dense_3/bias` | set to 0 | mean -100, std 0 |");
  assert(!text.includes("## Training on the batch"));
});

Deno.test("renderChanges() shows no table for a fix that did not work", () => {
  const text = changes("dense_3", [bias("dense_3")], false);
  assertStringIncludes(text, "- Left to you: Start the bias");
  assertStringIncludes(text, "none helped");
  assert(!text.includes("| weight |"));
});

Deno.test("renderChanges() lets no name of a layer be a link, a tag, a fence or a line of code", () => {
  const name = "![x](http://a.b)<b>@me\n```\nrun();";
  const text = changes(name, [bias(name)], true);
  const [prose] = text.split("\n```");
  assert(!/^[^`]*!\[x\]\(http:\/\/|<b>|^run\(\);/m.test(prose.replace(/<code>.*?<\/code>/g, "")));
  assert(!/^run\(\);/m.test(text));
  const fences = text.split("\n").filter((line) => /^`{3,}/.test(line));
  assert(fences.every((line) => /^(````ts|````|```text|```)$/.test(line)), fences.join(" "));
});
