import type * as tfjs from "@tensorflow/tfjs";
import { einsumTerms } from "../kernels/einsum_equation.ts";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type LayerArgs } from "./keras_layer.ts";

/** Arguments of one of the two products of an attention. */
export interface AttentionProductArgs extends LayerArgs {
  /** Product of the layer's two inputs. */
  equation: string;
  /** Factor on the first input. Default: 1. */
  factor?: number;
  /**
   * Sharing of a head of the second input by several of the first: their number, and the axis of
   * the heads in the first input and in the result. The equation has one more axis there, `[heads
   * of the second, sharing]`.
   */
  sharing?: { count: number; from: number; to: number };
}

/**
 * Defines a product of an attention: as `AttentionScores` of queries and keys, as
 * `AttentionContext` of weights and values. They are separate layers so that both are measured.
 *
 * @param className The name of the class.
 */
const productLayer = (className: string) =>
  kerasLayer((tf) =>
    class AttentionProduct extends tf.layers.Layer {
      static className = className;
      readonly equation: string;
      readonly factor: number;
      readonly sharing: AttentionProductArgs["sharing"];

      constructor(args: AttentionProductArgs) {
        super(args);
        this.equation = args.equation;
        this.factor = args.factor ?? 1;
        this.sharing = args.sharing;
      }

      /** Returns the shape with the axis of the heads split in two. */
      #split(shape: tfjs.Shape): tfjs.Shape {
        if (this.sharing === undefined) return shape;
        const { count, from } = this.sharing;
        const heads = shape[from];
        return shape.toSpliced(from, 1, heads === null ? null : heads / count, count);
      }

      /** Returns the shape with the two axes joined again. */
      #join(shape: tfjs.Shape): tfjs.Shape {
        if (this.sharing === undefined) return shape;
        const { count, to } = this.sharing;
        const heads = shape[to];
        return shape.toSpliced(to, 2, heads === null ? null : heads * count);
      }

      override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape {
        const [a, b] = shapes as tfjs.Shape[];
        // Larger than any size: for an elided axis, the larger of two counts is used.
        const open = Number.MAX_SAFE_INTEGER;
        const known = [this.#split(a), b].map((shape) => shape.map((size) => size ?? open));
        const { output, sizes } = einsumTerms(this.equation, known);
        return this.#join(output.map((label) => {
          const size = sizes.get(label)!;
          return size === open ? null : size;
        }));
      }

      /** @param kwargs `mask`: the queries that have a result at all, `[batch, queries]`. */
      override call(inputs: Tensor | Tensor[], { mask }: { mask?: Tensor } = {}): Tensor {
        return tf.tidy(() => {
          const [a, b] = inputs as Tensor[];
          const scaled = this.factor === 1 ? a : tf.mul(a, this.factor) as Tensor;
          const apart = tf.reshape(scaled, this.#split(a.shape) as number[]);
          const product = tf.einsum(this.equation, apart, b);
          const whole = tf.reshape(product, this.#join(product.shape) as number[]);
          return mask === undefined
            ? whole
            : tf.mul(whole, tf.cast(tf.expandDims(mask, -1), "float32"));
        });
      }
    }
  );

/** Scores of each query for each key, before the softmax. */
export const createAttentionScores = productLayer("AttentionScores");

/** Values that each query gets, by the weights of the softmax. */
export const createAttentionContext = productLayer("AttentionContext");
