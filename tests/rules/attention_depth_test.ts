import { startEngine } from "../../src/engine/mod.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { randomBatch, rescaleWeights } from "../../src/load/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { askingShare } from "../../src/rules/network/attentions.ts";
import { networkOf } from "../../src/rules/network/network.ts";
import { assert, assertAlmostEquals } from "@std/assert";

const { tf } = await startEngine();
const { MultiHeadAttention } = kerasLayers(tf);

type Block = "no skip" | "post" | "pre";

/** Attentions of one head, on 16 places of 32 entries, without dense layers between them. */
function build(kind: Block, depth: number) {
  const input = tf.input({ shape: [16, 32] });
  const kernelInitializer = (seed: number) => tf.initializers.glorotNormal({ seed });
  let x = input;
  const norm = (x: typeof input) => tf.layers.layerNormalization().apply(x) as typeof input;
  for (let i = 0; i < depth; i++) {
    const fed = kind === "pre" ? norm(x) : x;
    const attention = new MultiHeadAttention({
      name: `attention_${i}`,
      numHeads: 1,
      keyDim: 32,
      useBias: false,
      kernelInitializer: kernelInitializer(100 + i),
    });
    // Stock execution disposes a tensor too early that one layer reads twice and another one later.
    const again = tf.layers.activation({ activation: "linear" }).apply(fed) as typeof input;
    const attended = attention.apply([fed, again]) as typeof input;
    const sum = () => tf.layers.add().apply([x, attended]) as typeof input;
    x = kind === "no skip" ? attended : kind === "post" ? norm(sum()) : sum();
  }
  const head = tf.layers.dense({ units: 1, kernelInitializer: kernelInitializer(9) });
  return tf.model({ inputs: input, outputs: head.apply(x) as typeof input });
}

/** 1 - mean cosine of the tokens at the end, and the gradient of the last queries and keys beside the values'. */
async function figuresOf(kind: Block, depth: number, factor = 1) {
  const model = build(kind, depth);
  const asking = /^attention_\d+\/(query|key)$/;
  if (factor !== 1) rescaleWeights(model, factor, { layers: asking });
  const objective = "meanSquaredError";
  const batch = randomBatch(model, { seed: 5, objective });
  const measurements = await measure(model, batch, { objective });
  model.dispose();
  const stream = measurements.layers.filter(({ tokenAlikeness, role }) =>
    tokenAlikeness !== undefined && role === "hidden"
  );
  return {
    apart: 1 - stream.at(-1)!.tokenAlikeness!.cosine,
    share: askingShare(networkOf(measurements).attentions.at(-1)!)!,
  };
}

Deno.test("tokens collapse over six attentions without a skip, and the gradient of queries and keys with them", async () => {
  const { apart, share } = await figuresOf("no skip", 6);
  assert(apart < 1e-6, `${apart}`);
  assert(share < 1e-3, `${share}`);
  const few = await figuresOf("no skip", 1);
  assert(few.apart > 1e-4 && few.share > 1e-3, JSON.stringify(few));
});

Deno.test("tokens grow alike with depth after a normalisation behind the sum, and less with one before", async () => {
  const post = [
    await figuresOf("post", 2),
    await figuresOf("post", 6),
    await figuresOf("post", 12),
  ];
  const pre = await figuresOf("pre", 12);
  assert(post[0].apart > post[1].apart && post[1].apart > post[2].apart, JSON.stringify(post));
  assert(post[0].share > post[2].share, JSON.stringify(post));
  assert(pre.apart > post[2].apart && pre.share > 2 * post[2].share, JSON.stringify(pre));
});

Deno.test("the gradient of queries and keys goes with their scale where attention is uniform", async () => {
  const small = await figuresOf("pre", 1, 1e-2);
  const smaller = await figuresOf("pre", 1, 1e-3);
  assertAlmostEquals(small.share / smaller.share, 10, 0.05);
});
