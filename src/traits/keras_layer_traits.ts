import { type LayerTraits, traits } from "./layers.ts";

/** The layers that Keras has and TensorFlow.js lacks: `engine/keras_layers/` has them. */
export const KERAS_LAYER_TRAITS: Readonly<Record<string, LayerTraits>> = {
  EinsumDense: traits("dense", { kernel: "einsum" }),

  AdditiveAttention: traits("container"),
  Attention: traits("container"),
  GroupQueryAttention: traits("container"),
  MultiHeadAttention: traits("container"),
  // What attentions are made of.
  AttentionContext: traits("merge"),
  AttentionScores: traits("merge"),
  AttentionSimilarity: traits("merge"),
  AttentionWeights: traits("activation", { activation: "softmax" }),
};
