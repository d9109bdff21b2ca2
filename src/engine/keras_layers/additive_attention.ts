import { type AdditiveAttentionArgs, createAttention } from "./attention.ts";
import type { AttentionSimilarityArgs } from "./attention_similarity.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";

/** Bahdanau's attention: the scores are sums of tanh(query + key), weighted entry by entry. */
export const createAdditiveAttention: KerasLayerFactory<AdditiveAttentionArgs> = kerasLayer(
  (tf) => {
    return class AdditiveAttention extends createAttention(tf) {
      static override className = "AdditiveAttention";

      constructor(args: AdditiveAttentionArgs = {}) {
        super({ ...args, useScale: args.useScale ?? true });
      }

      override get mode(): AttentionSimilarityArgs["mode"] {
        return "additive";
      }

      override getConfig() {
        const { scoreMode: _, ...config } = super.getConfig();
        return config;
      }
    };
  },
);
