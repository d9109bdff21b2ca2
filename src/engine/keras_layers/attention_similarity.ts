import type * as tfjs from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type LayerArgs } from "./keras_layer.ts";

/** Arguments of an attention's scores. */
export interface AttentionSimilarityArgs extends LayerArgs {
  /**
   * `dot`: their product; `concat`: the sum of tanh(query + key), times a weight; `additive`: the same with a
   * weight for each entry of the sum.
   */
  mode: "dot" | "concat" | "additive";
  /**
   * True if there is a weight `scale`: on the product, on the argument of tanh, or on each entry.
   */
  useScale: boolean;
}

/** Scores of an attention without kernels. */
export const createAttentionSimilarity = kerasLayer((tf) =>
  class AttentionSimilarity extends tf.layers.Layer {
    static className = "AttentionSimilarity";
    readonly mode: AttentionSimilarityArgs["mode"];
    readonly useScale: boolean;
    scale: tfjs.LayerVariable | null = null;
    concatScoreWeight: tfjs.LayerVariable | null = null;

    constructor(args: AttentionSimilarityArgs) {
      super(args);
      this.mode = args.mode;
      this.useScale = args.useScale;
    }

    override build(shapes: tfjs.Shape | tfjs.Shape[]) {
      const size = (shapes as tfjs.Shape[])[0].at(-1)!;
      const ones = tf.initializers.ones();
      if (this.useScale) {
        const limit = Math.sqrt(3 / size);
        this.scale = this.mode === "additive"
          // Glorot's limit, with both fans of `size`.
          ? this.addWeight(
            "scale",
            [size],
            "float32",
            tf.initializers.randomUniform({ minval: -limit, maxval: limit }),
          )
          : this.addWeight("scale", [], "float32", ones);
      }
      if (this.mode === "concat") {
        this.concatScoreWeight = this.addWeight("concat_score_weight", [], "float32", ones);
      }
      this.built = true;
    }

    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
      const [query, key] = shapes as tfjs.Shape[];
      return [...query.slice(0, -1), key.at(-2)!];
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const [query, key] = inputs as Tensor[];
        const scale = this.scale?.read();
        const scaled = (x: Tensor) => scale === undefined ? x : tf.mul(x, scale) as Tensor;
        if (this.mode === "dot") return scaled(tf.einsum("...qd,...kd->...qk", query, key));
        const sums = tf.add(tf.expandDims(query, -2), tf.expandDims(key, -3)) as Tensor;
        if (this.mode === "additive") return tf.sum(scaled(tf.tanh(sums)), -1);
        return tf.mul(tf.sum(tf.tanh(scaled(sums)), -1), this.concatScoreWeight!.read());
      });
    }
  }
);
