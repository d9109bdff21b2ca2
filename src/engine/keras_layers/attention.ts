import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { attentionMask } from "./attention_mask.ts";
import { createAttentionContext } from "./attention_product.ts";
import { type AttentionSimilarityArgs, createAttentionSimilarity } from "./attention_similarity.ts";
import { createAttentionWeights } from "./attention_weights.ts";
import type { CallArgs } from "./call_args.ts";
import { createCompositeLayer } from "./composite_layer.ts";
import { kerasLayer, type LayerArgs } from "./keras_layer.ts";

/** Arguments of an attention without kernels, as in `keras.layers.AdditiveAttention`. */
export interface AdditiveAttentionArgs extends LayerArgs, Omit<CallArgs, "calledWith"> {
  /**
   * True if the scores have a weight `scale`. Default: true for `AdditiveAttention`, else false.
   */
  useScale?: boolean;
  /** Fraction of the weights that is dropped in training. Default: 0. */
  dropout?: number;
}

/** Arguments of an Attention, as in `keras.layers.Attention`. */
export interface AttentionArgs extends AdditiveAttentionArgs {
  /** Score of a query and a key: their product, or their sum after tanh. Default: `dot`. */
  scoreMode?: "dot" | "concat";
}

/** Attention without projections, called with `[query, value]` or `[query, value, key]`. */
export const createAttention = kerasLayer((tf) => {
  return class Attention extends createCompositeLayer(tf) {
    static override className = "Attention";
    readonly settings: Required<Omit<AttentionArgs, keyof LayerArgs>>;

    constructor(args: AttentionArgs = {}) {
      super(args);
      this.settings = {
        useScale: args.useScale ?? false,
        scoreMode: args.scoreMode ?? "dot",
        dropout: args.dropout ?? 0,
        useCausalMask: args.useCausalMask ?? false,
        returnAttentionScores: args.returnAttentionScores ?? false,
      };
      this.supportsMasking = true;
    }

    /** Returns how queries and keys are compared. */
    get mode(): AttentionSimilarityArgs["mode"] {
      return this.settings.scoreMode;
    }

    #three<T>(inputs: T[]): [query: T, value: T, key: T] {
      if (!Array.isArray(inputs) || inputs.length < 2 || inputs.length > 3) {
        throw new Error(
          `${this.name} is called with one tensor, expected [query, value] or [query, value, key]`,
        );
      }
      const [query, value, key = value] = inputs;
      return [query, value, key];
    }

    override build(shapes: tfjs.Shape | tfjs.Shape[]) {
      const [query, value, key] = this.#three(shapes as tfjs.Shape[]);
      const { dropout, useScale } = this.settings;
      const Similarity = createAttentionSimilarity(tf);
      const Weights = createAttentionWeights(tf);
      const Context = createAttentionContext(tf);
      // Keras saves the weights of the scores as the layer's own.
      const scores = this.addInner(
        "",
        new Similarity({ mode: this.mode, useScale, name: "scores" }),
        [
          query,
          key,
        ],
      );
      this.addInner("softmax", new Weights({ masking: "lower", name: "softmax" }), scores);
      if (dropout > 0) {
        this.addInner("dropout", tf.layers.dropout({ rate: dropout, name: "dropout" }), scores);
      }
      this.addInner("context", new Context({ equation: "...qk,...kd->...qd", name: "context" }), [
        scores,
        value,
      ]);
      this.built = true;
    }

    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
      const [query, value, key] = this.#three(shapes as tfjs.Shape[]);
      const weights = this.shapeOfInner("softmax", this.shapeOfInner("", [query, key]));
      if (this.settings.dropout > 0) this.shapeOfInner("dropout", weights);
      const output = this.shapeOfInner("context", [weights, value]);
      return this.settings.returnAttentionScores ? [output, weights] : output;
    }

    /**
     * @param kwargs `masks`: the steps of each input that count, or `null`, as passed by the
     * engine.
     */
    override call(
      inputs: Tensor | Tensor[],
      { masks = [], training }: { masks?: (Tensor | null)[]; training?: boolean },
    ): Tensor | Tensor[] {
      return tf.tidy(() => {
        const [query, value, key] = this.#three(inputs as Tensor[]);
        const run = (name: string, x: Tensor | Tensor[], more: object = {}) =>
          this.innerLayers[name].call(x, { training, ...more }) as Tensor;
        const scores = run("", [query, key]);
        const mask = attentionMask(
          tf,
          { value: masks[1], causal: this.settings.useCausalMask, window: null },
          query.shape.at(-2)!,
          key.shape.at(-2)!,
        );
        const weights = run("softmax", scores, mask === null ? {} : { mask });
        const kept = this.settings.dropout > 0 ? run("dropout", weights) : weights;
        const output = run("context", [kept, value], masks[0] == null ? {} : { mask: masks[0] });
        return this.settings.returnAttentionScores ? [output, weights] : output;
      });
    }

    override computeMask(_inputs: Tensor | Tensor[], masks?: Tensor | Tensor[]): Tensor | Tensor[] {
      const own = ([masks].flat()[0] ?? null) as Tensor;
      return this.settings.returnAttentionScores ? [own, null!] : own;
    }

    override getConfig() {
      return { ...this.settings as tfjs.serialization.ConfigDict, ...super.getConfig() };
    }
  };
});
