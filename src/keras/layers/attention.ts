import { einsumTerms } from "../../engine/ops/einsum.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import {
  type CallArgs,
  createCompositeLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "../../engine/keras_layer.ts";
import type * as tfjs from "@tensorflow/tfjs";
import { InputError, refusal } from "../../ground/words/input_error.ts";

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

    /** Returns the similarity function of queries and keys. */
    get mode(): AttentionSimilarityArgs["mode"] {
      return this.settings.scoreMode;
    }

    #three<T>(inputs: T[]): [query: T, value: T, key: T] {
      if (!Array.isArray(inputs) || inputs.length < 2 || inputs.length > 3) {
        throw new InputError(
          refusal`${this.name} is called with one tensor, expected [query, value] or [query, value, key]`,
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
        [query, key],
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

    /** Passes shapes or tensors through the inner layers, which `apply` runs by name. */
    #walk<T>(inputs: T[], apply: (name: string, x: T | T[]) => T): T | T[] {
      const [query, value, key] = this.#three(inputs);
      const weights = apply("softmax", apply("", [query, key]));
      const kept = this.settings.dropout > 0 ? apply("dropout", weights) : weights;
      const output = apply("context", [kept, value]);
      return this.settings.returnAttentionScores ? [output, weights] : output;
    }

    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
      return this.#walk(shapes as tfjs.Shape[], (name, x) => this.shapeOfInner(name, x));
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
        const [query, , key] = this.#three(inputs as Tensor[]);
        const mask = attentionMask(
          tf,
          { value: masks[1], causal: this.settings.useCausalMask, window: null },
          query.shape.at(-2)!,
          key.shape.at(-2)!,
        );
        const maskOf = new Map([["softmax", mask], ["context", masks[0]]]);
        return this.#walk(inputs as Tensor[], (name, x) => {
          const given = { training, mask: maskOf.get(name) ?? undefined };
          return this.innerLayers[name].call(x, given) as Tensor;
        });
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

/** Arguments of an attention's scores. */
interface AttentionSimilarityArgs extends LayerArgs {
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
const createAttentionSimilarity = kerasLayer((tf) =>
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

/** Arguments of the softmax over the keys. */
interface AttentionWeightsArgs extends LayerArgs {
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

/** Sum of the values for each query, weighted by the softmax. */
export const createAttentionContext = productLayer("AttentionContext");

/** Masks and limits that decide which keys a query may attend to. */
interface AttentionMasks {
  /** `[batch, queries]`: the queries that count. */
  query?: Tensor | null;
  /** `[batch, keys]`: the values that count. */
  value?: Tensor | null;
  /** `[batch, keys]`: the keys that count. */
  key?: Tensor | null;
  /** `[batch, queries, keys]`: the keys that each query may attend to. */
  attention?: Tensor | null;
  /** True if a query attends to no later key. */
  causal: boolean;
  /** Smallest distance at which a query no longer sees a key; `null`: it sees all keys. */
  window: number | null;
}

/** Returns all masks in one, `[batch, queries, keys]`, or `null` if there is none. */
export function attentionMask(
  tf: TensorFlow,
  { query, value, key, attention, causal, window }: AttentionMasks,
  queries: number,
  keys: number,
): Tensor | null {
  const asBool = (mask: Tensor) => mask.dtype === "bool" ? mask : tf.notEqual(mask, 0) as Tensor;
  const masks: Tensor[] = [];
  if (attention != null) masks.push(asBool(attention));
  if (query != null) masks.push(tf.expandDims(asBool(query), -1));
  for (const one of [value, key]) if (one != null) masks.push(tf.expandDims(asBool(one), -2));
  if (causal || window !== null) {
    const from = tf.reshape(tf.range(0, queries, 1, "int32"), [1, queries, 1]);
    const to = tf.reshape(tf.range(0, keys, 1, "int32"), [1, 1, keys]);
    const distance = tf.sub(from, to) as Tensor;
    if (causal) masks.push(tf.greaterEqual(distance, 0));
    if (window !== null) masks.push(tf.less(tf.abs(distance), window));
  }
  return masks.length === 0 ? null : masks.reduce((a, b) => tf.logicalAnd(a, b));
}

/** Returns the mask with as many axes as the scores; new axes come before those of the queries. */
export function expandMask(tf: TensorFlow, mask: Tensor, rank: number, keyAxes: number): Tensor {
  const missing = rank - mask.rank;
  const at = mask.rank - 2 * keyAxes;
  const { shape } = mask;
  return tf.reshape(mask, [
    ...shape.slice(0, at),
    ...new Array(missing).fill(1),
    ...shape.slice(at),
  ]);
}
