import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { measure } from "../../../src/entry/measure.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { askingShare } from "../../../src/core/rules/network/attentions.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { attention } from "../../../src/core/rules/signal/attention.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import { type AttentionGiven, attentionNetwork } from "../../networks/attention_network.ts";
import { flat, makeMeasurements } from "../../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";

/** A block of a transformer on 8 places of 16 entries. */
function transformer(tf: TensorFlow): LayersModel {
  const { MultiHeadAttention } = kerasLayers(tf);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 2 });
  const x = tf.input({ shape: [8, 16] });
  const attention = new MultiHeadAttention({
    name: "attention",
    numHeads: 2,
    keyDim: 8,
    kernelInitializer,
  });
  const sum = tf.layers.add({ name: "sum" }).apply([x, attention.apply([x, x]) as typeof x]);
  const head = tf.layers.dense({ name: "head", units: 1, kernelInitializer });
  return tf.model({ inputs: x, outputs: head.apply(sum) as typeof x });
}

testBrokenNetwork("attention", {
  create: (tf) => {
    const model = transformer(tf);
    // Within what init-scale lets pass.
    rescaleWeights(model, 4, { layers: ["attention/query", "attention/key"] });
    return model;
  },
});

const judge = (given: AttentionGiven, options?: RuleOptions) =>
  attention.run(attentionNetwork(given), options);
const kinds = (given: AttentionGiven) =>
  judge(given).map(({ severity, kind }) => `${severity} ${kind}`);

testThreshold("attentionEntropy", {
  judge: (entropy, options) => judge({ entropy }, options),
  inside: [0.2, 1],
  outside: [0.199, 0],
  severity: "warning",
  loose: 0,
});

testThreshold("scoreStd", {
  judge: (scores, options) => judge({ scores }, options),
  inside: [1e-3, 100],
  outside: [0.99e-3, 0],
  severity: "note",
  loose: 0,
});

testThreshold("tokensApart", {
  judge: (end, options) => judge({ apart: [0.9, end] }, options),
  inside: [1.1e-6, 1],
  outside: [0.9e-6, 0],
  severity: "warning",
  loose: 0,
});

Deno.test("attention finds nothing in attentions as they are drawn, nor in models without one", () => {
  assertEquals(judge({}), []);
  assertEquals(judge({ entropy: 1, scores: 0.01 }), []);
  assertEquals(attention.run(makeMeasurements()), []);
});

Deno.test("attention only notes sharp heads and alike tokens of a trained network", () => {
  assertEquals(kinds({ entropy: 0.1 }), ["warning one-hot"]);
  assertEquals(kinds({ entropy: 0.1, moved: true }), ["note one-hot"]);
  assertEquals(kinds({ apart: [0.9, 0], moved: true }), ["note tokens-alike"]);
  assertEquals(kinds({ scores: 0, moved: true }), []);
});

Deno.test("attention says how large scores are, and above which one key takes all", () => {
  const [{ message, layer, measured }] = judge({ entropy: 0.05, scores: 12 });
  assertEquals([layer, measured], ["softmax", 0.05]);
  // sqrt(2 ln 8) = 2.039.
  assertMatch(message, /standard deviation of 12, and above 2\.04 one of 8 keys takes it all\.$/);
});

Deno.test("attention tells the gradient of queries and keys beside that of values", () => {
  const [{ message, figures }] = judge({ scores: 1e-6, gradients: [3e-6, 4e-6, 0.1] });
  // sqrt((9 + 16) / 2) 1e-6 / 0.1.
  assertAlmostEquals(figures!.share.value, 3.5355e-5, 1e-9);
  assertMatch(message, /the gradient of its queries and keys is 3\.54e-5 of that of its values/);
  const share = (gradients: AttentionGiven["gradients"]) =>
    askingShare(networkOf(attentionNetwork({ gradients })).attentions[0]);
  assertEquals([share([1, 1, 0]), share([0, 0, 1])], [null, 0]);
});

Deno.test("attention names the layer from which on tokens are alike, unless they were from the start", () => {
  const [finding] = judge({ apart: [0.9, 1e-9], skip: false });
  assertEquals([finding.layer, finding.measured! < 1.1e-9], ["end", true]);
  assertMatch(finding.message, /is 0\.9 in embed and 1e-9 in end; expected > 1e-6/);
  assertMatch(String(finding.fix), /^Put a residual connection around each attention/);
  assertEquals(judge({ apart: [0, 0] }), []);
});

Deno.test("attention says nothing of scores that are masked, not finite or not measured", () => {
  const judged = (entropy: number, given: Partial<LayerMeasurements>) => {
    const measurements = attentionNetwork({ entropy, scores: 1e-6 });
    const layers = measurements.layers.map((layer) =>
      layer.name === "softmax" ? { ...layer, ...given } : layer
    );
    return attention.run({ ...measurements, layers });
  };
  const scores = flat(1e-6, 640);
  const unknown = [
    { preActivations: null },
    { preActivations: { ...scores, nonFinite: 1 } },
    { preActivations: { ...scores, maxAbs: 1.1e8 } },
  ];
  for (const given of unknown) {
    assertEquals(judged(0.9, given), []);
    const [{ message, figures }] = judged(0.1, given);
    assertEquals([message.endsWith("(attentionEntropy)."), figures!.std], [true, undefined]);
  }
  const known = { preActivations: { ...scores, maxAbs: 1e8 } };
  assertEquals(judged(0.9, known).map(({ kind }) => kind), ["uniform"]);
});

Deno.test("attention names several layers where there are several, and the gradient of the last", () => {
  const [uniform] = judge({ scores: 0 });
  assertEquals([uniform.layer, uniform.layers], ["softmax", undefined]);
  const [collapsed] = judge({ apart: [0.9, 1e-9], gradients: [0.3, 0.3, 0.1] });
  assertEquals([collapsed.layer, collapsed.layers], ["end", undefined]);
  assertMatch(collapsed.message, /The gradient of the last queries and keys is 3 of that of their/);
  const none = judge({ apart: [0.9, 1e-9], gradients: [0.3, 0.3, 0] })[0];
  assertEquals([none.figures!.share, /gradient/.test(none.message)], [undefined, false]);
  const { layers, ...rest } = attentionNetwork({ apart: [0.9, 1e-9], scores: 0 });
  const [head] = layers.slice(-1);
  const twice = (name: string) => ({ ...layers.find((layer) => layer.name === name)! });
  const all = [
    ...layers.slice(0, -1),
    { ...twice("scores"), name: "scores_2", inputs: ["query", "key"] },
    { ...twice("softmax"), name: "softmax_2", inputs: ["scores_2"] },
    { ...twice("context"), name: "context_2", inputs: ["softmax_2", "value"] },
    { ...twice("end"), name: "end_2", inputs: ["end", "context_2"] },
    { ...head, inputs: ["end_2"] },
  ];
  const found = attention.run({ ...rest, layers: all });
  assertEquals(found.map(({ layer, layers }) => [layer, layers]), [
    ["softmax", ["softmax", "softmax_2"]],
    ["end", ["end", "end_2"]],
  ]);
});

Deno.test("attention judges the layers that it is asked to", () => {
  const broken: AttentionGiven = { entropy: 0, apart: [0.9, 0] };
  const found = (options: RuleOptions) => judge(broken, options).map(({ kind }) => kind);
  assertEquals(found({}), ["one-hot", "tokens-alike"]);
  assertEquals(found({ layers: ["end"] }), ["tokens-alike"]);
  assertEquals(found({ layers: ["softmax"] }), ["one-hot"]);
});

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
