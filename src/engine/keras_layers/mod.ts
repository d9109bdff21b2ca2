/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js.
 *
 * @module
 */
export { type AdditiveAttentionArgs, type AttentionArgs } from "./attention.ts";
export { type AttentionInput, type CallArgs } from "./call_args.ts";
export { type EinsumDenseArgs } from "./einsum_dense.ts";
export { type EinsumSettings } from "./einsum_projection.ts";
export { type GroupQueryAttentionArgs } from "./group_query_attention.ts";
export type { KerasLayer, LayerArgs, WeightArgs } from "./keras_layer.ts";
export { type KerasLayers, kerasLayers } from "./keras_layers.ts";
export { type MultiHeadAttentionArgs } from "./multi_head_attention.ts";
export { type ProjectedAttentionArgs } from "./projected_attention.ts";
