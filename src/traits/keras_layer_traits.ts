import { type LayerTraits, traits } from "./layers.ts";

/** The layers that Keras has and TensorFlow.js lacks: `engine/keras_layers/` has them. */
export const KERAS_LAYER_TRAITS: Readonly<Record<string, LayerTraits>> = {
  // The sum, and the sum with its bias.
  EinsumDense: traits("dense", { kernel: "einsum", memoryCopies: 2 }),

  AdditiveAttention: traits("container"),
  Attention: traits("container"),
  GroupQueryAttention: traits("container"),
  MultiHeadAttention: traits("container"),
  // What attentions are made of.
  AttentionContext: traits("merge"),
  AttentionScores: traits("merge"),
  AttentionSimilarity: traits("merge"),
  // With a mask: what takes the place of the scores, and what comes of them.
  AttentionWeights: traits("activation", { activation: "softmax", memoryCopies: 2.5 }),
};
