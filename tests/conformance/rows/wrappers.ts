import {
  activate,
  add,
  concat,
  convolve,
  map,
  matMul,
  multiply,
  type NdArray,
  ndArray,
  reshape,
  stack,
  take,
  unroll,
} from "../reference/mod.ts";
import type { Row, RowLayer } from "../row.ts";
import { describe, make, type Options } from "./make.ts";
import { cellOf, type Kind, zeroStates } from "./recurrent.ts";

const UNITS = 3;

const timeDistributed = (
  inner: string,
  options: Options,
  shape: number[],
  reference: (step: NdArray, weights: NdArray[]) => NdArray,
): Row => ({
  subject: "timeDistributed",
  options: `${inner}, ${describe(options)}`,
  inputs: [{ shape }],
  create: (tf) =>
    tf.layers.timeDistributed({ layer: make(inner, options)(tf) as never }) as unknown as RowLayer,
  reference: ([x], weights) =>
    stack(
      Array.from({ length: shape[1] }, (_, t) => reference(take(x, 1, t), weights)),
      1,
    ),
});

const MERGE: Record<string, (a: NdArray, b: NdArray) => NdArray> = {
  concat: (a, b) => concat([a, b], a.shape.length - 1),
  sum: add,
  ave: (a, b) => map(add(a, b), (x) => x / 2),
  mul: multiply,
};

/** The time axis turned round. */
export const reversed = (a: NdArray) =>
  stack(Array.from({ length: a.shape[1] }, (_, t) => take(a, 1, a.shape[1] - 1 - t)), 1);

function bidirectional(kind: Kind, options: Options, mergeMode: string | null | undefined): Row {
  return {
    subject: "bidirectional",
    options: [kind, describe({ ...options, mergeMode: mergeMode ?? "default" })].join(", "),
    inputs: [{ shape: [2, 4, 2] }],
    create: (tf) =>
      tf.layers.bidirectional({
        layer: make(kind, { units: UNITS, ...options })(tf) as never,
        mergeMode: mergeMode as never,
      }) as unknown as RowLayer,
    reference([x], weights) {
      const half = weights.length / 2;
      const run = (own: NdArray[], goBackwards: boolean) =>
        unroll(x, cellOf(kind, options, own), zeroStates(kind), { goBackwards });
      const ahead = run(weights.slice(0, half), false);
      const back = run(weights.slice(half), true);
      const output = options.returnSequences
        ? MERGE[mergeMode ?? "concat"](ahead.sequence, reversed(back.sequence))
        : MERGE[mergeMode ?? "concat"](ahead.last, back.last);
      return options.returnState ? [output, ...ahead.states, ...back.states] : output;
    },
  };
}

/** A model of several layers, called as one. */
const model = (
  subject: string,
  options: string,
  input: Row["inputs"][number],
  layers: [string, Options][],
  reference: Row["reference"],
): Row => ({
  subject,
  options,
  inputs: [input],
  create(tf) {
    const built = tf.sequential();
    for (const [i, [name, more]] of layers.entries()) {
      const shape = i === 0 ? { inputShape: input.shape.slice(1) } : {};
      built.add(make(name, { ...shape, ...more })(tf) as never);
    }
    return built as unknown as RowLayer;
  },
  reference,
});

const maskOf = (x: NdArray, present: (step: NdArray) => boolean) =>
  ndArray(x.shape.slice(0, 2), ([b, t]) => present(take(take(x, 0, b), 0, t)) ? 1 : 0);

const PADDED = [1.5, -2, 0, 0, -0.5, 0.75, -1, 2, 1, 0.5, 0, 0];
const PADDED_TOO = [0, 0, 1, 1, 0.5, -0.5, 2, 0.25, 0, 0, -1, 1];

/** Two masked inputs merged: a step counts where it counts in both. */
const mergedMasks = (subject: string, merge: (a: NdArray, b: NdArray) => NdArray): Row => ({
  subject,
  options: "of masked inputs, under an lstm",
  inputs: [{ shape: [2, 3, 2], values: PADDED }, { shape: [2, 3, 2], values: PADDED_TOO }],
  create(tf) {
    const inputs = [tf.input({ shape: [3, 2] }), tf.input({ shape: [3, 2] })];
    const masked = inputs.map((input) => tf.layers.masking().apply(input));
    const merged = (make(subject)(tf) as unknown as typeof tf.layers.Layer.prototype)
      .apply(masked as never);
    const outputs = tf.layers.lstm({ units: UNITS }).apply(merged as never);
    return tf.model({ inputs, outputs: outputs as never }) as unknown as RowLayer;
  },
  reference([a, b], weights, _observed, drawn) {
    const present = (step: NdArray) => step.data.some((v) => v !== 0);
    const masks = drawn.map((input) => maskOf(input, present));
    const masked = [a, b].map((input, i) =>
      ndArray(input.shape, input.data.map((v, k) => v * masks[i].data[Math.floor(k / 2)]))
    );
    return unroll(merge(masked[0], masked[1]), cellOf("lstm", {}, weights), zeroStates("lstm"), {
      mask: multiply(masks[0], masks[1]),
    }).last;
  },
});

/** The wrappers, and what only shows in a model of several layers. */
export const WRAPPERS: Row[] = [
  timeDistributed("dense", { units: 4 }, [2, 3, 5], (x, [w, b]) => add(matMul(x, w), b)),
  timeDistributed(
    "dense",
    { units: 4, activation: "relu" },
    [2, 3, 5],
    (x, [w, b]) => activate(add(matMul(x, w), b), "relu"),
  ),
  timeDistributed(
    "conv2d",
    { filters: 2, kernelSize: 2 },
    [2, 2, 3, 4, 1],
    (x, [w, b]) => add(convolve(x, w, { strides: [1, 1] }), b),
  ),
  timeDistributed("flatten", {}, [2, 3, 2, 2], (x) => reshape(x, [2, 4])),

  bidirectional("simpleRNN", {}, undefined),
  bidirectional("gru", { returnSequences: true }, undefined),
  bidirectional("lstm", {}, undefined),
  ...["sum", "ave", "mul"].flatMap((mode) => [
    bidirectional("lstm", {}, mode),
    bidirectional("lstm", { returnSequences: true }, mode),
  ]),
  bidirectional("lstm", { returnState: true }, "concat"),
  bidirectional("gru", { returnSequences: true, returnState: true }, "sum"),

  model(
    "masking",
    "under an lstm",
    { shape: [2, 3, 2], values: PADDED },
    [["masking", {}], ["lstm", { units: UNITS }]],
    ([x], weights, _observed, [drawn]) =>
      unroll(x, cellOf("lstm", {}, weights), zeroStates("lstm"), {
        mask: maskOf(drawn, (step) => step.data.some((v) => v !== 0)),
      }).last,
  ),
  model(
    "masking",
    "over a dense layer",
    { shape: [2, 3, 2] },
    [["dense", { units: 2 }], ["masking", {}]],
    ([x], [w, b]) => reshape(add(matMul(reshape(x, [6, 2]), w), b), [2, 3, 2]),
  ),
  mergedMasks("add", add),
  mergedMasks("average", MERGE.ave),
  mergedMasks("multiply", multiply),
  model(
    "embedding",
    "maskZero under a gru",
    { shape: [2, 4], values: [1, 0, 2, 0, 3, 3, 0, 1], fixed: true },
    [["embedding", { inputDim: 4, outputDim: 2, maskZero: true }], ["gru", { units: UNITS }]],
    ([x], [table, ...weights]) => {
      const vectors = ndArray([2, 4, 2], ([b, t, i]) => table.data[x.data[b * 4 + t] * 2 + i]);
      const mask = ndArray([2, 4], x.data.map((index) => index === 0 ? 0 : 1));
      return unroll(vectors, cellOf("gru", {}, weights), zeroStates("gru"), { mask }).last;
    },
  ),
  model(
    "thresholdedReLU",
    "over a dense layer",
    { shape: [3, 2] },
    [["dense", { units: 4 }], ["thresholdedReLU", { theta: 0.3 }]],
    ([x], [w, b]) => map(add(matMul(x, w), b), (v) => v > 0.3 ? v : 0),
  ),
  model(
    "centerCrop",
    "over a conv2d",
    { shape: [2, 4, 5, 1] },
    [["conv2d", { filters: 2, kernelSize: 1 }], ["centerCrop", { height: 2, width: 3 }]],
    ([x], [w, b]) => {
      const y = add(convolve(x, w, { strides: [1, 1] }), b);
      return ndArray([2, 2, 3, 2], ([n, i, j, c]) => y.data[((n * 4 + i + 1) * 5 + j + 1) * 2 + c]);
    },
  ),
];
