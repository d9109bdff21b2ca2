import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { attention as rule } from "../../src/rules/signal/attention.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { rescaleWeights } from "../../src/model/weights/rescale_weights.ts";

/** Attentions of two heads on 8 places of 16 entries, with residual connections or without. */
function transformer(tf: TensorFlow, depth: number, skips: boolean) {
  const { MultiHeadAttention } = kerasLayers(tf);
  const input = tf.input({ shape: [8, 16] });
  let x = input;
  for (let i = 1; i <= depth; i++) {
    const kernelInitializer = tf.initializers.glorotUniform({ seed: i });
    const norm = skips ? tf.layers.layerNormalization().apply(x) as typeof x : x;
    const attention = new MultiHeadAttention({
      name: `attention_${i}`,
      numHeads: 2,
      keyDim: 8,
      kernelInitializer,
    });
    const attended = attention.apply([norm, norm]) as typeof x;
    x = skips ? tf.layers.add().apply([x, attended]) as typeof x : attended;
  }
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 99 });
  const head = tf.layers.dense({ name: "head", units: 1, kernelInitializer });
  return tf.model({ inputs: input, outputs: head.apply(x) as typeof x });
}

Deno.test("diagnose() finds queries and keys that are too large, and by what to multiply them", async () => {
  await using engine = await startEngine();
  const model = transformer(engine.tf, 2, true);
  const asking = ["attention_1/query", "attention_1/key"];
  rescaleWeights(model, 4, { layers: asking });
  const batch = randomBatch(model, { seed: 4 });
  const before = await measure(model, batch);
  // Their kernels are larger than others of their shape, too: the fix is about the same.
  const { causes } = diagnose(before, runRules(before));
  // One seeded initialiser draws all kernels of an attention, which is a fault of its own.
  assertEquals(causes.map(({ kind }) => kind), ["kernel-scale", "attention-scores", "symmetry"]);
  const [, cause] = causes;
  assertEquals(cause.layers, asking);
  const [fix] = cause.fixes;
  assert(fix.kind === "rescale");
  assertEquals(fix.weights.map(({ layer }) => layer), asking);
  for (const { layer, factor } of fix.weights) rescaleWeights(model, factor, { layers: [layer] });
  const after = await measure(model, batch);
  const scores = after.layers.find(({ name }) => name === "attention_1/softmax")!;
  assertAlmostEquals(scores.preActivations!.std, 1, 1e-3);
  assertEquals(rule.run(after), []);
  model.dispose();
});

Deno.test("diagnose() finds that nothing adds back what attention leaves out, and not where something does", async () => {
  await using engine = await startEngine();
  const causesOf = async (skips: boolean) => {
    const model = transformer(engine.tf, 5, skips);
    const measurements = await measure(model, randomBatch(model, { seed: 4 }));
    model.dispose();
    return diagnose(measurements, runRules(measurements)).causes;
  };
  const causes = await causesOf(false);
  const cause = causes.find(({ kind }) => kind === "alike-tokens")!;
  assertMatch(cause.message, /^From attention_\d\/attention_output on all places of a sequence/);
  const [fix] = cause.fixes;
  assert(fix.kind === "rebuild");
  assertMatch(fix.what, /^Put a residual connection around each attention/);
  assertEquals((await causesOf(true)).filter(({ kind }) => kind === "alike-tokens"), []);
});
