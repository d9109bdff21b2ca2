/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js.
 *
 * @module
 */
export type { AdaptivePoolingArgs, AdaptivePoolings } from "./adaptive_pooling.ts";
export { type AdditiveAttentionArgs, type AttentionArgs } from "./attention.ts";
export { AUGMENTATIONS } from "../../traits/keras_layer_traits.ts";
export type { AugmentationArgs } from "./augmentation.ts";
export { type AttentionInput, type CallArgs } from "./call_args.ts";
export type { Borders } from "./borders.ts";
export type { Conv1DTransposeArgs } from "./conv_1d_transpose.ts";
export type { CroppingArgs } from "./cropping.ts";
export type { DepthwiseConv1DArgs } from "./depthwise_conv_1d.ts";
export type { DiscretizationArgs } from "./discretization.ts";
export type { GlobalPooling3DArgs } from "./global_pooling_3d.ts";
export type { GroupNormalizationArgs } from "./group_normalization.ts";
export { type GroupQueryAttentionArgs } from "./group_query_attention.ts";
export type { KerasLayer, LayerArgs, WeightArgs } from "./keras_layer.ts";
export { type Augmentations, type KerasLayers, kerasLayers } from "./keras_layers.ts";
export { type MultiHeadAttentionArgs } from "./multi_head_attention.ts";
export type { Nested, NormalizationArgs } from "./normalization.ts";
export { type ProjectedAttentionArgs } from "./projected_attention.ts";
export type { LayerScaleArgs } from "./layer_scale.ts";
export type { RMSNormalizationArgs } from "./rms_normalization.ts";
export type { SeparableConv1DArgs } from "./separable_conv_1d.ts";
export type { DataFormat } from "./space_axes.ts";
export type { SpatialDropoutArgs } from "./spatial_dropout.ts";
export type { SpectralNormalizationArgs } from "./spectral_normalization.ts";
export type { SubtractArgs } from "./subtract.ts";
export type { UnitNormalizationArgs } from "./unit_normalization.ts";
export type { UpSamplingArgs } from "./up_sampling.ts";
export type { ZeroPaddingArgs } from "./zero_padding.ts";
export { type EinsumDenseArgs } from "./einsum_dense.ts";
export { type EinsumSettings } from "./einsum_projection.ts";
