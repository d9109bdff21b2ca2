/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js.
 *
 * @module
 */
export type { AdaptivePoolingArgs, AdaptivePoolings, GlobalPooling3DArgs } from "./pooling.ts";
export { type AdditiveAttentionArgs, type AttentionArgs } from "./attention.ts";
export { AUGMENTATIONS } from "../../traits/keras_layers.ts";
export type {
  AugmentationArgs,
  DiscretizationArgs,
  Nested,
  NormalizationArgs,
} from "./preprocessing.ts";
export type { AttentionInput, CallArgs, KerasLayer, LayerArgs, WeightArgs } from "./keras_layer.ts";
export type {
  Borders,
  CroppingArgs,
  DataFormat,
  SpatialDropoutArgs,
  UpSamplingArgs,
  ZeroPaddingArgs,
} from "./spatial.ts";
export type {
  Conv1DTransposeArgs,
  DepthwiseConv1DArgs,
  SeparableConv1DArgs,
} from "./convolutions_1d.ts";
export type {
  GroupNormalizationArgs,
  RMSNormalizationArgs,
  SpectralNormalizationArgs,
  UnitNormalizationArgs,
} from "./normalizations.ts";
export type { GroupQueryAttentionArgs, MultiHeadAttentionArgs } from "./multi_head_attention.ts";
export { type Augmentations, type KerasLayers, kerasLayers } from "./keras_layers.ts";
export { type ProjectedAttentionArgs } from "./projected_attention.ts";
export type { LayerScaleArgs } from "./layer_scale.ts";
export type { SubtractArgs } from "./subtract.ts";
export type { EinsumDenseArgs, EinsumSettings } from "./einsum_dense.ts";
