import { InputError, refusal } from "../../ground/words/input_error.ts";
import { positive, requireValue } from "../../ground/words/shape.ts";
import { kerasLayer, type KerasLayerFactory } from "../../engine/keras_layer.ts";
import {
  type AttentionPlan,
  createProjectedAttention,
  type ProjectedAttentionArgs,
} from "./projected_attention.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Arguments of a MultiHeadAttention, as in `keras.layers.MultiHeadAttention`. */
export interface MultiHeadAttentionArgs extends ProjectedAttentionArgs {
  /** Number of heads. */
  numHeads: number;
  /** Size of the queries and keys of a head. */
  keyDim: number;
  /** Size of the values of a head. Default: that of its keys. */
  valueDim?: number | null;
  /** Size of the output, or its axes after those that attend. Default: that of the query. */
  outputShape?: number | readonly number[] | null;
  /** Axes that are attended over. Default: all between the batch and the last. */
  attentionAxes?: number | readonly number[] | null;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Returns a kernel on the last axes of an input, as Keras writes it: `"abc,cde->abde"`. */
function projection(free: number, bound: number, sizes: readonly number[]) {
  const at = (from: number, count: number) => LETTERS.slice(from, from + count);
  const kept = at(0, free);
  const summed = at(free, bound);
  const made = at(free + bound, sizes.length);
  return {
    equation: `${kept}${summed},${summed}${made}->${kept}${made}`,
    outputShape: [...new Array(free - 1).fill(null), ...sizes],
    biasAxes: made,
  };
}

/** Attention of several heads, each with separate queries, keys and values. */
export const createMultiHeadAttention: KerasLayerFactory<MultiHeadAttentionArgs> = kerasLayer(
  (tf) => {
    return class MultiHeadAttention extends createProjectedAttention(tf) {
      static override className = "MultiHeadAttention";
      readonly own: {
        numHeads: number;
        keyDim: number;
        valueDim: number;
        outputShape: number[] | null;
        attentionAxes: number[] | null;
      };

      constructor(args: MultiHeadAttentionArgs) {
        super(args);
        const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = args;
        const own = { numHeads, keyDim, valueDim: valueDim ?? keyDim };
        for (const [name, value] of Object.entries(own)) requireValue(name, value, positive);
        const list = (value: number | readonly number[] | null | undefined) =>
          value == null ? null : [value].flat() as number[];
        this.own = { ...own, outputShape: list(outputShape), attentionAxes: list(attentionAxes) };
      }

      override plan(query: tfjs.Shape, value: tfjs.Shape, key: tfjs.Shape): AttentionPlan {
        const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = this.own;
        const rank = query.length + 1;
        const inner = query.length - 1;
        const axes = (attentionAxes ?? Array.from({ length: inner - 1 }, (_, i) => i + 1))
          .map((axis) => axis < 0 ? axis + inner + 1 : axis);
        const isAxis = (axis: number) => Number.isInteger(axis) && axis > 0 && axis < inner;
        if (axes.length === 0 || !axes.every(isAxis)) {
          throw new InputError({
            place: "attentionAxes",
            found: `[${attentionAxes ?? ""}]`,
            expected: `axes of the query [${
              query.map((size) => size ?? "null").join(", ")
            }] between the first and the last`,
          });
        }
        if (value.length !== query.length || key.length !== query.length) {
          throw new InputError({
            place: "query, value and key",
            verb: "have",
            found: `${query.length}, ${value.length} and ${key.length} axes`,
            expected: "as many each",
          });
        }
        const project = (size: number) => projection(inner, 1, [numHeads, size]);
        const { scores, context } = attentionEquations(rank, axes);
        return {
          query: project(keyDim),
          key: project(keyDim),
          value: project(valueDim),
          gate: project(valueDim),
          output: projection(inner, 2, outputShape ?? [query.at(-1)!]),
          scores: { equation: scores, factor: 1 / Math.sqrt(keyDim) },
          context: { equation: context },
          takesQueryMask: false,
          keyAxes: axes.length,
          isFused: rank === 4,
        };
      }

      override getConfig() {
        return { ...this.own, ...super.getConfig() };
      }
    };
  },
);

/**
 * Returns the products of an attention over some axes of `[batch, ..., heads, size]`: each query
 * attends to the keys along them, and all other axes are separate. Scores are `[batch, other axes,
 * heads, queries..., keys...]`.
 *
 * @param rank Number of axes of queries, keys and values, including that of the heads.
 * @param axes The axes that are attended over, from 1 on.
 */
function attentionEquations(
  rank: number,
  axes: readonly number[],
): { scores: string; context: string } {
  const letters = (from: number) => String.fromCharCode(97 + from);
  const query = Array.from({ length: rank }, (_, axis) => letters(axis));
  const key = query.map((letter, axis) =>
    axes.includes(axis) ? letters(rank + axes.indexOf(axis)) : letter
  );
  const apart = query.filter((_, axis) => !axes.includes(axis) && axis !== rank - 1);
  const at = (of: readonly string[]) => axes.map((axis) => of[axis]);
  const scores = [...apart, ...at(query), ...at(key)].join("");
  const q = query.join("");
  const k = key.join("");
  return { scores: `${q},${k}->${scores}`, context: `${scores},${k}->${q}` };
}

/** Arguments of a GroupQueryAttention, as in `keras.layers.GroupQueryAttention`. */
export interface GroupQueryAttentionArgs extends ProjectedAttentionArgs {
  /** Size of the queries, keys and values of a head. */
  headDim: number;
  /** Number of heads with queries. */
  numQueryHeads: number;
  /**
   * Number of heads with keys and values: a divisor of `numQueryHeads`. Consecutive heads share
   * them.
   */
  numKeyValueHeads: number;
}

/** Attention whose heads share keys and values in groups. */
export const createGroupQueryAttention: KerasLayerFactory<GroupQueryAttentionArgs> = kerasLayer(
  (tf) => {
    return class GroupQueryAttention extends createProjectedAttention(tf) {
      static override className = "GroupQueryAttention";
      readonly own: Pick<
        GroupQueryAttentionArgs,
        "headDim" | "numQueryHeads" | "numKeyValueHeads"
      >;

      constructor(args: GroupQueryAttentionArgs) {
        super(args);
        const { headDim, numQueryHeads, numKeyValueHeads } = args;
        this.own = { headDim, numQueryHeads, numKeyValueHeads };
        for (const [name, value] of Object.entries(this.own)) {
          requireValue(name, value, positive);
        }
        if (numQueryHeads % numKeyValueHeads !== 0) {
          throw new InputError({
            place: "numKeyValueHeads",
            found: String(numKeyValueHeads),
            expected: `a divisor of numQueryHeads, ${numQueryHeads}`,
          });
        }
      }

      override plan(query: tfjs.Shape): AttentionPlan {
        const { headDim, numQueryHeads, numKeyValueHeads } = this.own;
        if (query.length !== 3) {
          throw new InputError(
            refusal`query has ${query.length} axes, expected 3: batch, steps, size`,
          );
        }
        const project = (heads: number) => ({
          equation: "abc,cde->abde",
          outputShape: [null, heads, headDim],
          biasAxes: "de",
        });
        // h: heads of keys and values, g: query heads that share one.
        const shared = numQueryHeads / numKeyValueHeads;
        return {
          query: project(numQueryHeads),
          key: project(numKeyValueHeads),
          value: project(numKeyValueHeads),
          gate: project(numQueryHeads),
          output: { equation: "abcd,cde->abe", outputShape: [null, query[2]], biasAxes: "e" },
          scores: {
            equation: "bqhgd,bkhd->bhgqk",
            factor: 1 / Math.sqrt(headDim),
            sharing: { count: shared, from: 2, to: 1 },
          },
          context: { equation: "bhgqk,bkhd->bqhgd", sharing: { count: shared, from: 1, to: 2 } },
          takesQueryMask: true,
          keyAxes: 1,
          isFused: true,
        };
      }

      override getConfig() {
        return { ...this.own, ...super.getConfig() };
      }
    };
  },
);
