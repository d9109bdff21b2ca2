import { measureWeights } from "../../../src/entry/measure.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { assertEquals } from "@std/assert";

/** Returns entries that look drawn, with rows of zeros. */
function draw(
  rows: number,
  width: number,
  zeros: readonly number[] = [],
  seed = 1,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: rows * width },
    (_, i) => zeros.includes(Math.floor(i / width)) ? 0 : Math.sin(seed + 3.7 * i * i) / 5,
  );
}

/** Returns what the rule `symmetry` finds in tensors by name. */
const findings = (
  tensors: Record<string, { shape: number[]; values: Float32Array<ArrayBuffer> }>,
) =>
  runRules(measureWeights({
    path: "a.safetensors",
    format: "safetensors",
    notes: [],
    tensors: Object.entries(tensors).map(([name, { shape, values }]) => ({
      name,
      shape,
      type: "float32",
      read: () => values,
    })),
  })).filter(({ rule }) => rule === "symmetry").map(({ kind, layer }) => `${kind} ${layer}`);

const bias = { shape: [50], values: new Float32Array(50) };
const of = (values: Float32Array<ArrayBuffer>) => ({ shape: [50, 16], values });

Deno.test("a head that is tied to a padded embedding has its row of zeros", () => {
  const padded = of(draw(50, 16, [1]));
  assertEquals(
    findings({ "embed.weight": padded, "decoder.weight": padded, "decoder.bias": bias }),
    [],
  );
  // Another matrix has no row for padding, and a table only one.
  const other = of(draw(50, 16, [1], 2));
  assertEquals(
    findings({ "embed.weight": padded, "decoder.weight": other, "decoder.bias": bias }),
    ["zero-units-head decoder"],
  );
  const twice = of(draw(50, 16, [1, 2]));
  assertEquals(
    findings({ "embed.weight": twice, "decoder.weight": twice, "decoder.bias": bias }).includes(
      "zero-units-head decoder",
    ),
    true,
  );
});

Deno.test("embeddings that are saved twice were not drawn twice", () => {
  const table = of(draw(50, 16));
  const names = ["shared", "encoder.embed_tokens", "decoder.embed_tokens", "lm_head"];
  assertEquals(findings(Object.fromEntries(names.map((name) => [`${name}.weight`, table]))), []);
  assertEquals(
    findings({ "fc1.weight": table, "fc2.weight": table }),
    ["shared-draw fc1"],
  );
});
