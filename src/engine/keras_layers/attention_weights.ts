import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type LayerArgs } from "./keras_layer.ts";

/** How a softmax over the keys treats the keys that are masked. */
export interface AttentionWeightsArgs extends LayerArgs {
  /** How many of the last axes the keys have. Default: 1. */
  keyAxes?: number;
  /**
   * What a mask does to a score: a large negative number in its place; the same, and a weight of 0 where
   * all keys are masked; or 1e9 less, as the layers `Attention` of Keras do. They differ for a query without
   * a key alone.
   */
  masking: "replace" | "replaceAndZero" | "lower";
}

/** What stands for minus infinity, as in Keras. */
const FAR = 1e9;

/**
 * The rows of an attention: for each query a weight for each key, which add up to 1. The inner layer
 * `softmax` of every attention is one, which is where its rows are measured: z are the scores, a the weights.
 */
export const createAttentionWeights = kerasLayer((tf) =>
  class AttentionWeights extends tf.layers.Layer {
    static className = "AttentionWeights";
    readonly keyAxes: number;
    readonly masking: AttentionWeightsArgs["masking"];

    constructor(args: AttentionWeightsArgs) {
      super(args);
      this.keyAxes = args.keyAxes ?? 1;
      this.masking = args.masking;
    }

    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
      return shape as tfjs.Shape;
    }

    /** @param kwargs `mask`: where a query may attend to a key; it broadcasts to the scores. */
    override call(scores: Tensor | Tensor[], { mask }: { mask?: Tensor } = {}): Tensor {
      return tf.tidy(() => {
        const x = scores as Tensor;
        const z = mask === undefined ? x : this.#masked(x, mask);
        const rows = [...x.shape.slice(0, x.rank - this.keyAxes), -1];
        const weights = tf.reshape(tf.softmax(tf.reshape(z, rows)), x.shape);
        return mask === undefined || this.masking !== "replaceAndZero"
          ? weights
          : tf.where(tf.broadcastTo(mask, x.shape), weights, tf.zerosLike(weights));
      });
    }

    #masked(x: Tensor, mask: Tensor): Tensor {
      if (this.masking === "lower") {
        return tf.sub(x, tf.mul(tf.cast(tf.logicalNot(mask), "float32"), FAR));
      }
      return tf.where(tf.broadcastTo(mask, x.shape), x, tf.fill(x.shape, -FAR));
    }
  }
);
