import type * as tfjs from "@tensorflow/tfjs";
import { count, requireValue } from "../../words/requirements.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import {
  type AttentionPlan,
  createProjectedAttention,
  type ProjectedAttentionArgs,
} from "./projected_attention.ts";

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
          requireValue(name, value, count);
        }
        if (numQueryHeads % numKeyValueHeads !== 0) {
          throw new RangeError(
            `numKeyValueHeads is ${numKeyValueHeads}, expected a divisor of numQueryHeads, ` +
              `${numQueryHeads}`,
          );
        }
      }

      override plan(query: tfjs.Shape): AttentionPlan {
        const { headDim, numQueryHeads, numKeyValueHeads } = this.own;
        if (query.length !== 3) {
          throw new Error(`query has ${query.length} axes, expected 3: batch, steps, size`);
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
