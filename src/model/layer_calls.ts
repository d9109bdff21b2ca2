import { isOperationClass } from "../traits/operation_traits.ts";
import { LAYER_SETTINGS } from "./layer_settings.ts";
import { type Json, MODEL_CLASSES, setting } from "./topology_json.ts";

/** How a layer can be called in a functional model. */
export interface LayerCalls {
  /** How many calls it has before the first one of the file: an input, or a nested model, is its own. */
  first: number;
  /** Whether it is an input; `null` where that is not known. */
  isInput: boolean | null;
  /** How many tensors a call takes at least. */
  fewest: number;
  /** How many at the most. */
  most: number;
  /** How many tensors a call gives at the most. */
  tensors: number;
}

/** What a recurrent layer gives at the most, its states with it. */
const RECURRENT: Record<string, number> = {
  Bidirectional: 6,
  ConvLSTM2D: 3,
  GRU: 2,
  LSTM: 3,
  RNN: Infinity,
  SimpleRNN: 2,
};

/** How many tensors an attention takes: a query, a value and a key, and as many as four masks. */
const ATTENTIONS: Record<string, Pick<LayerCalls, "fewest" | "most">> = {
  AdditiveAttention: { fewest: 2, most: 3 },
  Attention: { fewest: 2, most: 3 },
  GroupQueryAttention: { fewest: 1, most: 7 },
  MultiHeadAttention: { fewest: 1, most: 7 },
};

const MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"];

/**
 * How a layer can be called.
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
    // The states to begin with may come after the input.
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
  // Nothing is known about a custom class: it may be a model.
  return { first: 1, isInput: null, fewest: 1, most: Infinity, tensors: Infinity };
}
