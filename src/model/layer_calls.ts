import { isOperationClass } from "../traits/operation_traits.ts";
import { LAYER_SETTINGS } from "./layer_settings.ts";
import { type Json, MODEL_CLASSES, setting } from "./topology_json.ts";

/** Possible calls of a layer in a functional model. */
export interface LayerCalls {
  /**
   * Number of calls before the first one in the file: 1 for an input or a nested model, whose first
   * call is its own.
   */
  first: number;
  /** True if it is an input; `null` if unknown. */
  isInput: boolean | null;
  /** Smallest number of tensors that a call takes. */
  fewest: number;
  /** Largest number of tensors that a call takes. */
  most: number;
  /** Largest number of tensors that a call returns. */
  tensors: number;
}

/** Largest number of outputs of a recurrent layer, including its states. */
const RECURRENT: Record<string, number> = {
  Bidirectional: 6,
  ConvLSTM2D: 3,
  GRU: 2,
  LSTM: 3,
  RNN: Infinity,
  SimpleRNN: 2,
};

/** Numbers of tensors that an attention takes: a query, a value, a key, and up to four masks. */
const ATTENTIONS: Record<string, Pick<LayerCalls, "fewest" | "most">> = {
  AdditiveAttention: { fewest: 2, most: 3 },
  Attention: { fewest: 2, most: 3 },
  GroupQueryAttention: { fewest: 1, most: 7 },
  MultiHeadAttention: { fewest: 1, most: 7 },
};

const MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"];

/**
 * Returns the possible calls of a layer.
 *
 * @param name Its class.
 * @param config Its configuration.
 */
export function layerCalls(name: string, config: Json): LayerCalls {
  const plain: LayerCalls = { first: 0, isInput: false, fewest: 1, most: 1, tensors: 1 };
  if (name === "InputLayer") return { ...plain, first: 1, isInput: true, fewest: 0, most: 0 };
  if (name === "Sequential") return { ...plain, first: 1 };
  if (MODEL_CLASSES.includes(name)) {
    const [inputs, outputs] = ["inputLayers", "outputLayers"].map((key) =>
      (setting(config, key).value as unknown[]).length
    );
    return { ...plain, first: 1, fewest: inputs, most: inputs, tensors: outputs };
  }
  if (Object.hasOwn(RECURRENT, name)) {
    // The initial states may come after the input.
    return { ...plain, most: Infinity, tensors: RECURRENT[name] };
  }
  if (Object.hasOwn(ATTENTIONS, name)) {
    const scores = setting(config, "returnAttentionScores").value === true;
    return { ...plain, ...ATTENTIONS[name], tensors: scores ? 2 : 1 };
  }
  if (isOperationClass(name)) return { ...plain, most: Infinity, tensors: Infinity };
  if (name === "Dot" || name === "Subtract") return { ...plain, fewest: 2, most: 2 };
  if (MERGING.includes(name)) return { ...plain, fewest: 2, most: Infinity };
  if (Object.hasOwn(LAYER_SETTINGS, name)) return plain;
  // A custom class may be anything, even a model.
  return { first: 1, isInput: null, fewest: 1, most: Infinity, tensors: Infinity };
}
