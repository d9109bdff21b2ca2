import { CONVOLUTIONAL_RECURRENT } from "./convolutional_recurrent.ts";
import { CONVOLUTIONS } from "./convolutions.ts";
import { activationRows, CORE } from "./core.ts";
import { EINSUMS } from "./einsum.ts";
import { IMAGES } from "./images.ts";
import { KERAS_LAYERS } from "./keras_layers.ts";
import { coreLossRows, layerLossRows, REGULARIZERS } from "./losses.ts";
import { MASKS } from "./masks.ts";
import { MERGING } from "./merging.ts";
import { NOISE } from "./noise.ts";
import { NORMALIZATION } from "./normalization.ts";
import { OPERATIONS } from "./operations.ts";
import { POOLING } from "./pooling.ts";
import { RECURRENT } from "./recurrent.ts";
import { WRAPPERS } from "./wrappers.ts";
import { CORE_LOSSES, ELEMENTWISE, LAYER_LOSSES } from "../reference/mod.ts";
import type { Row } from "../row.ts";

/** The activations that have a reference. */
export const ACTIVATIONS: string[] = [...Object.keys(ELEMENTWISE), "softmax", "logSoftmax"];

/** Every row of the conformance table. */
export const ROWS: Row[] = [
  ...CORE,
  ...activationRows(ACTIVATIONS),
  ...CONVOLUTIONS,
  ...POOLING,
  ...NORMALIZATION,
  ...RECURRENT,
  ...CONVOLUTIONAL_RECURRENT,
  ...MERGING,
  ...WRAPPERS,
  ...MASKS,
  ...NOISE,
  ...IMAGES,
  ...layerLossRows(Object.keys(LAYER_LOSSES)),
  ...coreLossRows(Object.keys(CORE_LOSSES)),
  ...REGULARIZERS,
  ...OPERATIONS,
  ...EINSUMS,
  ...KERAS_LAYERS,
];

/** Names in `tf.layers` for a layer that has rows under another name. */
export const ALIASES: Record<string, string> = {
  avgPool1d: "averagePooling1d",
  avgPool2d: "averagePooling2d",
  avgPool3d: "averagePooling3d",
  avgPooling1d: "averagePooling1d",
  avgPooling2d: "averagePooling2d",
  avgPooling3d: "averagePooling3d",
  globalMaxPool1d: "globalMaxPooling1d",
  globalMaxPool2d: "globalMaxPooling2d",
  maxPool1d: "maxPooling1d",
  maxPool2d: "maxPooling2d",
};

/** Names in `tf.layers` that compute nothing themselves. */
export const WITHOUT_ARITHMETIC: Record<string, string> = {
  Layer: "the base class of all layers",
  RNN: "the class of tf.layers.rnn, which has rows",
  RNNCell: "the base class of the recurrent cells",
  input: "a symbolic tensor",
  inputLayer: "hands the model's input on",
};
