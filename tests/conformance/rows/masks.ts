import type { SymbolicTensor } from "@tensorflow/tfjs";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { add, concat, type NdArray, ndArray, stack, unroll } from "../reference/mod.ts";
import type { Row, RowInput, RowLayer } from "../row.ts";
import { cellOf, type Kind, zeroStates } from "./recurrent.ts";
import { reversed } from "./wrappers.ts";

const UNITS = 3, WIDTH = 2, WORDS = 4;
const INDICES: RowInput = { shape: [2, 4], values: [1, 2, 0, 0, 3, 0, 0, 0], fixed: true };

type Apply = (x: SymbolicTensor) => SymbolicTensor;

const embedding = (tf: TensorFlow): Apply => (x) =>
  tf.layers.embedding({ inputDim: WORDS, outputDim: WIDTH, maskZero: true })
    .apply(x) as SymbolicTensor;
const recurrent = (tf: TensorFlow, kind: Kind): Apply => (x) =>
  (tf.layers[kind] as typeof tf.layers.lstm)({ units: UNITS }).apply(x) as SymbolicTensor;
const repeat = (tf: TensorFlow, n: number): Apply => (x) =>
  tf.layers.repeatVector({ n }).apply(x) as SymbolicTensor;

/** A model of one input. */
function modelOf(tf: TensorFlow, shape: number[], ...layers: Apply[]) {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: layers.reduce((x, apply) => apply(x), input) });
}

const asLayer = (model: object) => model as unknown as RowLayer;

/** The vectors of the indices, and where they are not padding. */
function look(x: NdArray, table: NdArray): { vectors: NdArray; mask: NdArray } {
  const [batch, steps] = x.shape;
  return {
    vectors: ndArray(
      [batch, steps, WIDTH],
      ([b, t, i]) => table.data[x.data[b * steps + t] * WIDTH + i],
    ),
    mask: ndArray([batch, steps], x.data.map((index) => index === 0 ? 0 : 1)),
  };
}

const run = (kind: Kind, x: NdArray, weights: NdArray[], mask?: NdArray) =>
  unroll(x, cellOf(kind, {}, weights), zeroStates(kind), { mask }).last;
const repeated = (x: NdArray, n: number) => stack(Array.from({ length: n }, () => x), 1);

/** An encoder under a mask, and a decoder that has none. */
function autoencoder([x]: NdArray[], [table, ...weights]: NdArray[]): NdArray {
  const { vectors, mask } = look(x, table);
  const code = run("lstm", vectors, weights.slice(0, 3), mask);
  return run("simpleRNN", repeated(code, 4), weights.slice(3));
}

/** Models of several layers through which a mask or a state passes. */
export const MASKS: Row[] = [
  {
    subject: "embedding",
    options: "maskZero under an lstm, a repeatVector and a simpleRNN",
    inputs: [INDICES],
    create: (tf) =>
      asLayer(
        modelOf(
          tf,
          [4],
          ...[embedding(tf), recurrent(tf, "lstm"), repeat(tf, 4), recurrent(tf, "simpleRNN")],
        ),
      ),
    reference: autoencoder,
  },
  {
    subject: "embedding",
    options: "maskZero outside of a model with the recurrent layers",
    inputs: [INDICES],
    create(tf) {
      const inner = modelOf(
        tf,
        [4, WIDTH],
        ...[recurrent(tf, "lstm"), repeat(tf, 4), recurrent(tf, "simpleRNN")],
      );
      return asLayer(modelOf(tf, [4], embedding(tf), (x) => inner.apply(x) as SymbolicTensor));
    },
    reference: autoencoder,
  },
  {
    subject: "embedding",
    options: "maskZero in a model of its own, with layers that hand the mask on",
    inputs: [INDICES],
    create(tf) {
      const activation: Apply = (x) =>
        tf.layers.activation({ activation: "linear" }).apply(x) as SymbolicTensor;
      const inner = modelOf(tf, [4], embedding(tf), activation);
      return asLayer(
        modelOf(
          tf,
          [4],
          (x) => inner.apply(x) as SymbolicTensor,
          ...[recurrent(tf, "lstm"), repeat(tf, 4), recurrent(tf, "simpleRNN")],
        ),
      );
    },
    reference: autoencoder,
  },
  {
    subject: "embedding",
    options: "maskZero in one of two branches, the other is longer",
    inputs: [INDICES, { shape: [2, 6, WIDTH] }],
    create(tf) {
      const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [6, WIDTH] })];
      const branches = [
        recurrent(tf, "gru")(inputs[1]),
        recurrent(tf, "lstm")(embedding(tf)(inputs[0])),
      ];
      const outputs = tf.layers.concatenate().apply(branches) as SymbolicTensor;
      return asLayer(tf.model({ inputs, outputs }));
    },
    reference([x, y], weights) {
      const [table, ...others] = weights;
      const { vectors, mask } = look(x, table);
      const branches = [
        run("gru", y, others.slice(0, 3)),
        run("lstm", vectors, others.slice(3), mask),
      ];
      return concat(branches, 1);
    },
  },
  {
    subject: "lstm",
    options: "with an initial state, under an lstm without one",
    inputs: [{ shape: [2, 3, WIDTH] }, { shape: [2, UNITS] }, { shape: [2, UNITS] }],
    create(tf) {
      const [x, h, c] = [[3, WIDTH], [UNITS], [UNITS]].map((shape) => tf.input({ shape }));
      const first = tf.layers.lstm({ units: UNITS, returnSequences: true });
      const second = tf.layers.lstm({ units: UNITS });
      const outputs = second.apply(first.apply([x, h, c]) as SymbolicTensor) as SymbolicTensor;
      return asLayer(tf.model({ inputs: [x, h, c], outputs }));
    },
    reference([x, h, c], weights) {
      const first = unroll(x, cellOf("lstm", {}, weights.slice(0, 3)), [h, c]).sequence;
      return run("lstm", first, weights.slice(3));
    },
  },
  {
    subject: "bidirectional",
    options: "lstm with an initial state, under an lstm without one",
    inputs: [
      { shape: [2, 3, WIDTH] },
      ...Array.from({ length: 4 }, () => ({ shape: [2, UNITS] })),
    ],
    create(tf) {
      const inputs = [[3, WIDTH], ...Array(4).fill([UNITS])].map((shape) => tf.input({ shape }));
      const layer = tf.layers.lstm({ units: UNITS, returnSequences: true }) as never;
      const first = tf.layers.bidirectional({ layer, mergeMode: "sum" });
      const outputs = recurrent(tf, "lstm")(first.apply(inputs) as SymbolicTensor);
      return asLayer(tf.model({ inputs, outputs }));
    },
    reference([x, ...states], weights) {
      const part = (i: number) =>
        unroll(x, cellOf("lstm", {}, weights.slice(3 * i, 3 * i + 3)), states.slice(2 * i), {
          goBackwards: i === 1,
        }).sequence;
      return run("lstm", add(part(0), reversed(part(1))), weights.slice(6));
    },
  },
];
