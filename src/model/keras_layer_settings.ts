import type { Settings } from "./layer_settings.ts";
import { KINDS, required } from "./setting.ts";

const { text } = KINDS;

/** The layers that Keras has and TensorFlow.js lacks, with what each may have in its configuration. */
export const KERAS_LAYER_SETTINGS: Record<string, Settings> = {
  EinsumDense: {
    equation: required(text),
    outputShape: required(KINDS.sizes),
    biasAxes: text,
    activityRegularizer: KINDS.only(null, "TensorFlow.js adds no penalty on activations"),
    loraRank: KINDS.only(null, "a kernel of low rank beside it is not read"),
    quantizationConfig: KINDS.only(null, "a kernel of whole numbers is not read"),
  },
};
