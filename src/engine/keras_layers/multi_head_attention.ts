import type * as tfjs from "@tensorflow/tfjs";
import { count, requireValue } from "../../words/requirements.ts";
import { attentionEquations } from "./attention_equations.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import {
  type AttentionPlan,
  createProjectedAttention,
  type ProjectedAttentionArgs,
} from "./projected_attention.ts";

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
  const [kept, summed] = [at(0, free), at(free, bound)];
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
        for (const [name, value] of Object.entries(own)) requireValue(name, value, count);
        const list = (value: number | readonly number[] | null | undefined) =>
          value == null ? null : [value].flat() as number[];
        this.own = {
          ...own,
          outputShape: list(outputShape),
          attentionAxes: list(attentionAxes),
        };
      }

      override plan(query: tfjs.Shape, value: tfjs.Shape, key: tfjs.Shape): AttentionPlan {
        const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = this.own;
        const rank = query.length + 1;
        const inner = query.length - 1;
        const axes = (attentionAxes ?? Array.from({ length: inner - 1 }, (_, i) => i + 1))
          .map((axis) => axis < 0 ? axis + inner + 1 : axis);
        const isAxis = (axis: number) => Number.isInteger(axis) && axis > 0 && axis < inner;
        if (axes.length === 0 || !axes.every(isAxis)) {
          throw new Error(
            `attentionAxes is [${attentionAxes ?? ""}], expected axes of the query ` +
              `[${query.map((size) => size ?? "null").join(", ")}] between the first and the last`,
          );
        }
        if (value.length !== query.length || key.length !== query.length) {
          throw new Error(
            `query, value and key have ${query.length}, ${value.length} and ${key.length} axes, ` +
              `expected as many each`,
          );
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
