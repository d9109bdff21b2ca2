import { KERAS_ACTIVATIONS } from "../traits/keras_activations.ts";
import { STOCK_OPTIMIZERS } from "../traits/optimizers.ts";
import { LAYER_SETTINGS } from "./layer_settings.ts";
import { MODEL_CLASSES } from "./topology_json.ts";

/** Roles for which TensorFlow.js has classes other than layers, each with the classes. */
export const CLASS_ROLES = {
  activation: [
    ...["elu", "gelu", "gelu_new", "hardSigmoid", "linear", "logSoftmax", "mish", "relu", "relu6"],
    ...["selu", "sigmoid", "softmax", "softplus", "softsign", "swish", "tanh"],
    ...Object.keys(KERAS_ACTIVATIONS),
    "leakyRelu",
  ],
  constraint: ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"],
  initializer: [
    ...["Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity"],
    ...["LeCunNormal", "LeCunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform"],
    ...["TruncatedNormal", "VarianceScaling", "Zeros"],
  ],
  optimizer: STOCK_OPTIMIZERS,
  regularizer: ["L1L2"],
} as const;

/** Role of a class. `cell` and `recurrent` are layers that only some wrappers take. */
export type Role = keyof typeof CLASS_ROLES | "cell" | "recurrent" | "layer" | "model";

const CELLS = ["ConvLSTM2DCell", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"];
const RECURRENT = ["ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN"];

/** Returns the roles of the class of this name, or `null` for a custom class. */
export function rolesOf(name: string): Role[] | null {
  for (const [role, names] of Object.entries(CLASS_ROLES)) {
    if ((names as readonly string[]).includes(name)) return [role as Role];
  }
  if (MODEL_CLASSES.includes(name)) return ["model", "layer"];
  if (CELLS.includes(name)) return ["cell", "layer"];
  if (RECURRENT.includes(name)) return ["recurrent", "layer"];
  return Object.hasOwn(LAYER_SETTINGS, name) ? ["layer"] : null;
}
