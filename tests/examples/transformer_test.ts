import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCausal, assertGradientsMatchNumeric } from "../../src/core/assert/assertions.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { saveModel } from "../../src/keras/save_model.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { register } from "../../examples/self_attention.ts";
import { createBatch, createModel, objective } from "../../examples/transformer.ts";

const pathOf = (name: string) => new URL(`../../examples/${name}`, import.meta.url).pathname;
const LAYER = pathOf("self_attention.ts");
const MODULE = pathOf("transformer.ts");

Deno.test("examples/transformer.ts does not look ahead, and has the gradients of its loss", async () => {
  await using engine = await startEngine();
  const model = await createModel({ tf: engine.tf, seed: 0 });
  const batch = await createBatch({ tf: engine.tf, seed: 0, examples: 4 });
  await assertCausal(model, batch);
  await assertGradientsMatchNumeric(model, batch, { objective, layers: /attention/ });
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});

Deno.test("examples/self_attention.ts tells theory about as much as is measured", async () => {
  await using engine = await startEngine();
  // Under the seed: the module itself draws its weights without one.
  const { model } = await loadModel(MODULE, { seed: 0 });
  const batch = await createBatch({ tf: engine.tf, seed: 0, examples: 32 });
  const { layers } = await measure(model, batch, { objective });
  const attentions = layers.filter(({ className }) => className === "SelfAttention");
  assertEquals(attentions.length, 2);
  for (const { declared, activations } of attentions) {
    const ratio = activations!.rms / Math.sqrt(declared!.output.meanSquare);
    // The shares of attention are not quite even, and steps with the same letter have values in common.
    assert(ratio > 1 / 2 && ratio < 2, `${ratio}`);
  }
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});

Deno.test("examples/transformer.ts measures the same after it was saved and loaded with its layer", async () => {
  await using engine = await startEngine();
  const folder = await Deno.makeTempDir();
  try {
    const model = await createModel({ tf: engine.tf, seed: 0 });
    const batch = await createBatch({ tf: engine.tf, seed: 0, examples: 8 });
    await saveModel(model, `${folder}/saved`);
    const loaded = await loadModel(`${folder}/saved/model.json`, { register: [LAYER] });
    const before = await measure(model, batch, { objective });
    const after = await measure(loaded.model, batch, { objective });
    assertEquals(after.layers, before.layers);
    assertEquals(after.objective, before.objective);
    engine.tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
    loaded.model.dispose();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SelfAttention computes for each head the mean of the values that a step sees", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const steps = 5;
  const width = 6;
  const heads = 2;
  const layer = new (register({ tf }))({ heads });
  const x = tf.randomNormal([1, steps, width], 0, 1, "float32", 1);
  const outputs = layer.apply(x) as Tensor;
  const read = (tensor: Tensor) => tf.squeeze(tensor).arraySync() as number[][];
  const [query, key, value, output] = layer.getWeights().map(read);
  const product = (a: number[][], b: number[][]) =>
    a.map((row) => b[0].map((_, j) => row.reduce((sum, entry, k) => sum + entry * b[k][j], 0)));
  const rows = read(x);
  const [q, k, v] = [query, key, value].map((kernel) => product(rows, kernel));
  const size = width / heads;
  const seen = rows.map((_, t) =>
    rows[0].map((_, j) => {
      const first = Math.floor(j / size) * size;
      const weights = rows.slice(0, t + 1).map((_, s) => {
        let score = 0;
        for (let i = first; i < first + size; i++) score += q[t][i] * k[s][i];
        return Math.exp(score / Math.sqrt(size));
      });
      const sum = weights.reduce((a, b) => a + b);
      return weights.reduce((mean, weight, s) => mean + weight / sum * v[s][j], 0);
    })
  );
  const expected = product(seen, output).flat();
  const found = read(outputs).flat();
  expected.forEach((entry, i) => assertAlmostEquals(found[i], entry, 1e-5));
  tf.dispose([x, outputs]);
  layer.dispose();
});
