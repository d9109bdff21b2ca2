import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type LayerArgs } from "./keras_layer.ts";

/** Arguments of the softmax over the keys. */
export interface AttentionWeightsArgs extends LayerArgs {
  /** Number of trailing axes of the keys. Default: 1. */
  keyAxes?: number;
  /**
   * Effect of a mask on a score: replaced by a large negative number; the same, with a weight of 0
   * if all keys are masked; or lowered by 1e9, as Keras's `Attention` layers do. They only differ
   * for a query whose keys are all masked.
   */
  masking: "replace" | "replaceAndZero" | "lower";
}

/** Stand-in for minus infinity, as in Keras. */
const FAR = 1e9;

/**
 * Weights of an attention: for each query one weight per key, which add up to 1. The inner layer
 * `softmax` of every attention is one, so its rows are measured there: z are the scores, a the
 * weights.
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

    /**
     * @param kwargs `mask`: the keys that each query may attend to; it broadcasts to the scores.
     */
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
