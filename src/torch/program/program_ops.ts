import type { Tensor } from "../../engine/tensorflow.ts";
import type { AtenOp } from "../aten/aten_op.ts";
import { ATEN_OPS } from "../aten/aten_ops.ts";
import { contextOf, maskScores, scoresOf, weightsOf } from "../aten/attention.ts";
import { differentiate } from "../aten/host.ts";
import { groupedProduct } from "../aten/products.ts";
import { aten } from "../aten/schema.ts";
import { COMPLEX_OPS } from "./complex_ops.ts";

/** Operations of the calls in a program: of ATen, and of what a program is divided into. */
export const PROGRAM_OPS: Readonly<Record<string, AtenOp>> = {
  ...ATEN_OPS,
  ...COMPLEX_OPS,
  "transformers.grouped_mm_fallback.default": aten(
    "grouped_mm_fallback(Tensor input, Tensor weight, Tensor offs) -> Tensor",
    ({ input, weight, offs }, { tf }) => groupedProduct(tf, input, weight, offs),
  ),
  // A change under `torch.no_grad()`, or through `detach()`: autograd does not see it.
  "autograd.set_data": aten(
    "set_data(Tensor self, Tensor src) -> Tensor",
    ({ self, src }, { tf }) =>
      self.dtype !== "float32" ? src : differentiate(tf, [self, src], {
        forward: (_, src) => tf.clone(src),
        backward: [(dy) => tf.clone(dy), (dy) => tf.zerosLike(dy)],
      }),
  ),
  "attention.AttentionScores": aten(
    "scores(Tensor query, Tensor key, *, float? scale=None, bool enable_gqa=False) -> Tensor",
    (args, { tf }) => scoresOf(tf, args),
  ),
  "attention.masked": aten(
    "masked(Tensor scores, Tensor? attn_mask=None, bool is_causal=False) -> Tensor",
    ({ scores, ...masks }, { tf }) => maskScores(tf, scores, masks),
  ),
  "attention.AttentionWeights": aten(
    "weights(Tensor scores, bool has_mask=False) -> Tensor",
    ({ scores, has_mask }, { tf }) => weightsOf(tf, scores, { mayBeClosed: has_mask }),
  ),
  "attention.AttentionContext": aten(
    "context(Tensor weights, Tensor value, float dropout_p=0., bool enable_gqa=False) -> Tensor",
    ({ weights, ...rest }, context): Tensor => contextOf(context, weights, rest),
  ),
};
