import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { kerasLayers, type MultiHeadAttentionArgs } from "../../../src/keras/layers/mod.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import { relativeError } from "../../conformance/relative_error.ts";
import { type Head, naiveAttention, type Tokens } from "./naive_attention.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assertRefused, type Parts, parts } from "../../assert_refused.ts";

const { tf } = await startEngine();
const { Attention, MultiHeadAttention } = kerasLayers(tf);

/** A model that is one attention, called on queries and values. */
function modelOf(args: MultiHeadAttentionArgs, query: number[], value: number[]): LayersModel {
  const inputs = [tf.input({ shape: query }), tf.input({ shape: value })];
  const outputs = new MultiHeadAttention(args).apply(inputs);
  return tf.model({ inputs, outputs: outputs as ReturnType<typeof tf.input> });
}

/** The weights of each head, as matrices; without biases the kernels alone. */
function headsOf(model: LayersModel, count: number): Head[] {
  const [query, key, value, output] = model.getWeights().map((kernel) => kernel.arraySync());
  const of = (kernel: unknown, head: number) => (kernel as number[][][]).map((row) => row[head]);
  return Array.from({ length: count }, (_, head) => ({
    query: of(query, head),
    key: of(key, head),
    value: of(value, head),
    output: (output as number[][][])[head],
  }));
}

const small = fc.integer({ min: 1, max: 4 });

Deno.test("MultiHeadAttention computes the attention of the paper", () => {
  fc.assert(
    fc.property(
      fc.record({
        heads: small,
        keyDim: small,
        valueDim: small,
        queries: small,
        keys: small,
        size: small,
        other: small,
        causal: fc.boolean(),
        window: fc.option(small),
      }),
      ({ heads, keyDim, valueDim, queries, keys, size, other, causal, window }) => {
        const model = modelOf(
          {
            numHeads: heads,
            keyDim,
            valueDim,
            useBias: false,
            useCausalMask: causal,
            slidingWindow: window,
          },
          [queries, size],
          [keys, other],
        );
        tf.tidy(() => {
          const q = tf.randomNormal([2, queries, size], 0, 1, "float32", 1);
          const v = tf.randomNormal([2, keys, other], 0, 1, "float32", 2);
          const isSeen = (t: number, s: number) =>
            (!causal || s <= t) && (window === null || Math.abs(s - t) < window);
          const all = headsOf(model, heads);
          const found = model.predict([q, v]) as Tensor;
          const [queryArrays, valueArrays] = [q, v].map((x) => x.arraySync() as Tokens[]);
          queryArrays.forEach((tokens, i) => {
            const expected = naiveAttention(tokens, valueArrays[i], all, isSeen);
            const own = (found.arraySync() as Tokens[])[i];
            own.forEach((row, t) => {
              // A query that no key is near to gets what Keras makes of it, which no paper says.
              if (!valueArrays[i].some((_, s) => isSeen(t, s))) return;
              const error = relativeError(row, expected[t]);
              assert(error < 1e-4, `step ${t} of example ${i}: off by ${error}`);
            });
          });
        });
        model.dispose();
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("MultiHeadAttention has the gradient of finite differences in every weight", () => {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
  const args = { numHeads: 2, keyDim: 3, useCausalMask: true, useGate: true, kernelInitializer };
  const model = modelOf(args, [4, 5], [4, 5]);
  tf.tidy(() => {
    const x = tf.randomNormal([3, 4, 5], 0, 1, "float32", 1);
    const loss = () => tf.sum(tf.square(model.apply([x, x]) as Tensor)).asScalar();
    const { grads } = tf.variableGrads(loss);
    const variables = model.trainableWeights;
    assertEquals(variables.length, 10);
    for (const variable of variables) {
      const value = variable.read();
      const name = (value as unknown as { name: string }).name;
      const step = tf.mul(tf.randomNormal(value.shape, 0, 1, "float32", 2), 1e-2);
      const before = value.clone();
      const at = (sign: number) => {
        variable.write(tf.add(before, tf.mul(step, sign)));
        return loss().dataSync()[0];
      };
      const change = (at(1) - at(-1)) / 2;
      variable.write(before);
      const slope = tf.sum(tf.mul(grads[name], step)).dataSync()[0];
      // On a key's bias nothing depends: it adds the same to all scores of a query.
      const error = Math.abs(change - slope) / Math.max(0.1, Math.abs(slope));
      assert(error < 5e-3, `${variable.originalName}: ${slope} is off by ${error}`);
    }
  });
  model.dispose();
});

Deno.test("MultiHeadAttention attends to itself where it is called with one tensor", () => {
  const model = tf.sequential();
  model.add(new MultiHeadAttention({ numHeads: 2, keyDim: 3, inputShape: [4, 5], name: "own" }));
  assertEquals(model.outputShape, [null, 4, 5]);
  assertEquals(model.weights.map(({ originalName }) => originalName), [
    "own/query/kernel",
    "own/query/bias",
    "own/key/kernel",
    "own/key/bias",
    "own/value/kernel",
    "own/value/bias",
    "own/attention_output/kernel",
    "own/attention_output/bias",
  ]);
  assertEquals(model.countParams(), 4 * 2 * 3 * 5 + 3 * 2 * 3 + 5);
  model.dispose();
});

Deno.test("MultiHeadAttention freezes, thaws and frees its inner layers", () => {
  const before = tf.memory().numTensors;
  const model = modelOf({ numHeads: 1, keyDim: 2, trainable: false }, [3, 2], [3, 2]);
  assertEquals([model.trainableWeights.length, model.nonTrainableWeights.length], [0, 8]);
  model.layers.at(-1)!.trainable = true;
  assertEquals([model.trainableWeights.length, model.nonTrainableWeights.length], [8, 0]);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("Attention has scores for each query and key, and passes the mask of its queries on", () => {
  const inputs = [tf.input({ shape: [3, 2] }), tf.input({ shape: [4, 2] })];
  const outputs = new Attention({ returnAttentionScores: true }).apply(inputs);
  const shapes = (outputs as typeof inputs).map(({ shape }) => shape);
  assertEquals(shapes, [[null, 3, 2], [null, 3, 4]]);
  tf.tidy(() => {
    const model = tf.model({ inputs, outputs: outputs as typeof inputs });
    const drawn = [tf.ones([1, 3, 2]), tf.randomNormal([1, 4, 2])];
    const [, scores] = model.predict(drawn) as Tensor[];
    for (const sum of tf.sum(scores, -1).dataSync()) assertAlmostEquals(sum, 1, 1e-6);
  });
  const query = tf.ones([1, 2]);
  const value = tf.zeros([1, 3]);
  const masks = [query, value];
  assertEquals(new Attention({}).computeMask([], masks), query);
  assertEquals(new Attention({}).computeMask([], undefined), null as never);
  const both = new Attention({ returnAttentionScores: true }).computeMask([], masks);
  assertEquals(both, [query, null as never]);
  tf.dispose(masks);
});

Deno.test("MultiHeadAttention takes masks as tensors and gives the weights of its rows", () => {
  const shapes = [[3, 2], [4, 2], [4], [3, 4]];
  const inputs = shapes.map((shape) => tf.input({ shape }));
  const layer = new MultiHeadAttention({
    numHeads: 2,
    keyDim: 2,
    returnAttentionScores: true,
    calledWith: ["query", "value", "valueMask", "attentionMask"],
  });
  const outputs = layer.apply(inputs) as ReturnType<typeof tf.input>[];
  const model = tf.model({ inputs, outputs });
  const drawn = randomBatch(model).inputs as Tensor[];
  const values = drawn.map((x) => new Set(x.dataSync()));
  assertEquals(values.slice(2).map((set) => [...set].toSorted()), [[0, 1], [0, 1]]);
  assert(values[0].size > 10);
  tf.dispose(drawn);
  tf.tidy(() => {
    const seen = tf.tensor3d([[[1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 0, 0]]]);
    const values = tf.tensor2d([[1, 1, 0, 1]]);
    const [, weights] = model.predict([
      tf.randomNormal([1, 3, 2]),
      tf.randomNormal([1, 4, 2]),
      values,
      seen,
    ]) as Tensor[];
    assertEquals(weights.shape, [1, 2, 3, 4]);
    const zeros = (weights.arraySync() as number[][][][])[0][1].map((row) =>
      row.map((weight) => Number(weight !== 0))
    );
    assertEquals(zeros, [[1, 1, 0, 1], [0, 1, 0, 1], [1, 0, 0, 0]]);
    const sums = tf.sum(weights, -1).dataSync();
    for (const sum of sums) assert(Math.abs(sum - 1) < 1e-6);
  });
  model.dispose();
});

Deno.test("MultiHeadAttention says what is wrong with its arguments", () => {
  const refused = (args: Partial<MultiHeadAttentionArgs>, said: Parts) =>
    assertRefused(
      () => modelOf({ name: "own", numHeads: 2, keyDim: 2, ...args }, [3, 2], [3, 2]),
      said,
    );
  refused({ numHeads: 0 }, parts("numHeads", "0", "a whole number of at least 1"));
  refused({ keyDim: 1.5 }, parts("keyDim", "1.5", "a whole number of at least 1"));
  refused(
    { attentionAxes: [2] },
    parts("attentionAxes", "[2]", "axes of the query [null, 3, 2] between the first and the last"),
  );
  refused({ calledWith: ["query"] }, parts("own", "called with 2 tensors", "query"));
  refused(
    { calledWith: ["value", "query"] },
    parts(
      "own.calledWith",
      "[value, query]",
      "some of query, value, key, queryMask, valueMask, keyMask, attentionMask, query first",
    ),
  );
});
