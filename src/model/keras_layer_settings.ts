import type { Settings } from "./layer_settings.ts";
import { KINDS, required } from "./setting.ts";

const { axes, count, flag, fraction, only, sizes, text } = KINDS;

/** What TensorFlow.js has no room for in any layer. */
const activityRegularizer = only(null, "TensorFlow.js adds no penalty on activations");

/** What a call of an attention says in Keras. */
const called: Settings = {
  useCausalMask: flag,
  returnAttentionScores: flag,
  dropout: fraction,
  activityRegularizer,
};

const projected: Settings = {
  ...called,
  calledWith: { what: "an array of names", is: Array.isArray },
  useBias: flag,
  useGate: flag,
  slidingWindow: count,
};

/** The layers that Keras has and TensorFlow.js lacks, with what each may have in its configuration. */
export const KERAS_LAYER_SETTINGS: Record<string, Settings> = {
  AdditiveAttention: { ...called, useScale: flag },
  Attention: { ...called, useScale: flag, scoreMode: KINDS.choice("dot", "concat") },
  EinsumDense: {
    equation: required(text),
    outputShape: required(sizes),
    biasAxes: text,
    activityRegularizer,
    loraRank: only(null, "a kernel of low rank beside it is not read"),
    quantizationConfig: only(null, "a kernel of whole numbers is not read"),
  },
  GroupQueryAttention: {
    ...projected,
    headDim: required(count),
    numQueryHeads: required(count),
    numKeyValueHeads: required(count),
  },
  MultiHeadAttention: {
    ...projected,
    numHeads: required(count),
    keyDim: required(count),
    valueDim: count,
    outputShape: sizes,
    attentionAxes: axes,
  },
};
