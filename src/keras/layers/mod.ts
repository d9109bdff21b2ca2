/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js.
 *
 * @module
 */
import { type TensorFlow, tensorFlow } from "../../engine/tensorflow.ts";
import { AUGMENTATIONS, type KerasLayerName } from "../../ground/traits/keras_layers.ts";
import { requireValue } from "../../ground/words/shape.ts";
import {
  type AdditiveAttentionArgs,
  type AttentionArgs,
  createAdditiveAttention,
  createAttention,
} from "./attention.ts";
import {
  type Conv1DTransposeArgs,
  createConv1DTranspose,
  createDepthwiseConv1D,
  createSeparableConv1D,
  type DepthwiseConv1DArgs,
  type SeparableConv1DArgs,
} from "./convolutions_1d.ts";
import { createEinsumDense, type EinsumDenseArgs } from "./einsum_dense.ts";
import { registerActivations } from "./keras_activations.ts";
import { type KerasLayer, kerasLayer, type KerasLayerFactory } from "../../engine/keras_layer.ts";
import {
  createCustomScaleLayer,
  createLayerScale,
  createSubtract,
  type CustomScaleLayerArgs,
  type LayerScaleArgs,
  type SubtractArgs,
} from "./element_wise.ts";
import {
  createGroupQueryAttention,
  createMultiHeadAttention,
  type GroupQueryAttentionArgs,
  type MultiHeadAttentionArgs,
} from "./multi_head_attention.ts";
import {
  createGroupNormalization,
  createRMSNormalization,
  createSpectralNormalization,
  createUnitNormalization,
  type GroupNormalizationArgs,
  type RMSNormalizationArgs,
  type SpectralNormalizationArgs,
  type UnitNormalizationArgs,
} from "./normalizations.ts";
import { OPERATION_LAYERS } from "./operations/operation_layers.ts";
import {
  ADAPTIVE_POOLINGS,
  type AdaptivePoolings,
  createGlobalAveragePooling3D,
  createGlobalMaxPooling3D,
  type GlobalPooling3DArgs,
} from "./pooling.ts";
import {
  type AugmentationArgs,
  createAugmentation,
  createDiscretization,
  createHashing,
  createNormalization,
  type DiscretizationArgs,
  type HashingArgs,
  type NormalizationArgs,
} from "./preprocessing.ts";
import {
  createCropping1D,
  createCropping3D,
  createSpatialDropout2D,
  createSpatialDropout3D,
  createUpSampling1D,
  createUpSampling3D,
  createZeroPadding1D,
  createZeroPadding3D,
  type CroppingArgs,
  type SpatialDropoutArgs,
  type UpSamplingArgs,
  type ZeroPaddingArgs,
} from "./spatial.ts";

export type { AdaptivePoolingArgs, AdaptivePoolings, GlobalPooling3DArgs } from "./pooling.ts";
export { type AdditiveAttentionArgs, type AttentionArgs } from "./attention.ts";
export { AUGMENTATIONS } from "../../ground/traits/keras_layers.ts";
export type {
  AugmentationArgs,
  DiscretizationArgs,
  HashingArgs,
  Nested,
  NormalizationArgs,
} from "./preprocessing.ts";
export type {
  AttentionInput,
  CallArgs,
  KerasLayer,
  LayerArgs,
  WeightArgs,
} from "../../engine/keras_layer.ts";
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
export { type ProjectedAttentionArgs } from "./projected_attention.ts";
export type { CustomScaleLayerArgs, LayerScaleArgs, SubtractArgs } from "./element_wise.ts";
export type { EinsumDenseArgs, EinsumSettings } from "./einsum_dense.ts";

/** Layers that change pictures in training; here they pass them on unchanged. */
export type Augmentations = {
  readonly [Name in typeof AUGMENTATIONS[number]]: KerasLayer<AugmentationArgs>;
};

/** Layers that Keras has and TensorFlow.js lacks, by their names in Keras. */
export interface KerasLayers extends Augmentations, AdaptivePoolings {
  /** Bahdanau's attention: scores are weighted sums of tanh(query + key). */
  readonly AdditiveAttention: KerasLayer<AdditiveAttentionArgs>;
  /** Attention without kernels: scores are products of queries and keys. */
  readonly Attention: KerasLayer<AttentionArgs>;
  /** Attention whose heads share keys and values in groups. */
  readonly GroupQueryAttention: KerasLayer<GroupQueryAttentionArgs>;
  /** Attention of several heads, each with separate queries, keys and values. */
  readonly MultiHeadAttention: KerasLayer<MultiHeadAttentionArgs>;
  /** A transposed Conv1D: from few steps to many. */
  readonly Conv1DTranspose: KerasLayer<Conv1DTransposeArgs>;
  /** A sequence without its ends. */
  readonly Cropping1D: KerasLayer<CroppingArgs>;
  /** A volume without its borders. */
  readonly Cropping3D: KerasLayer<CroppingArgs>;
  /** The first input plus the second times a constant, as in InceptionResNetV2. */
  readonly CustomScaleLayer: KerasLayer<CustomScaleLayerArgs>;
  /** Each channel of a sequence convolved separately. */
  readonly DepthwiseConv1D: KerasLayer<DepthwiseConv1DArgs>;
  /** Number of the bin that contains each entry. */
  readonly Discretization: KerasLayer<DiscretizationArgs>;
  /**
   * A product with a kernel along any axes, given as an Einstein sum, then a bias and an
   * activation.
   */
  readonly EinsumDense: KerasLayer<EinsumDenseArgs>;
  /** The mean of each channel of a volume. */
  readonly GlobalAveragePooling3D: KerasLayer<GlobalPooling3DArgs>;
  /** The largest entry of each channel of a volume. */
  readonly GlobalMaxPooling3D: KerasLayer<GlobalPooling3DArgs>;
  /** Groups of channels normalised to mean 0 and variance 1. */
  readonly GroupNormalization: KerasLayer<GroupNormalizationArgs>;
  /** Number of the bin to which each whole number is hashed. */
  readonly Hashing: KerasLayer<HashingArgs>;
  /** Data normalised by the mean and the variance of other data. */
  readonly Normalization: KerasLayer<NormalizationArgs>;
  /** Each channel times a trained factor, as in ConvNeXt. */
  readonly LayerScale: KerasLayer<LayerScaleArgs>;
  /** Entries divided by their root mean square. */
  readonly RMSNormalization: KerasLayer<RMSNormalizationArgs>;
  /** Each channel of a sequence convolved separately, then all mixed. */
  readonly SeparableConv1D: KerasLayer<SeparableConv1DArgs>;
  /** Dropout of whole maps of a picture. */
  readonly SpatialDropout2D: KerasLayer<SpatialDropoutArgs>;
  /** Dropout of whole maps of a volume. */
  readonly SpatialDropout3D: KerasLayer<SpatialDropoutArgs>;
  /** A layer whose kernel's largest singular value is kept at 1. */
  readonly SpectralNormalization: KerasLayer<SpectralNormalizationArgs>;
  /** The first input minus the second. */
  readonly Subtract: KerasLayer<SubtractArgs>;
  /** Entries divided by their l2 norm. */
  readonly UnitNormalization: KerasLayer<UnitNormalizationArgs>;
  /** Each step of a sequence several times. */
  readonly UpSampling1D: KerasLayer<UpSamplingArgs>;
  /** Each place of a volume several times along each axis. */
  readonly UpSampling3D: KerasLayer<UpSamplingArgs>;
  /** Zeros before and after a sequence. */
  readonly ZeroPadding1D: KerasLayer<ZeroPaddingArgs>;
  /** Zeros around a volume. */
  readonly ZeroPadding3D: KerasLayer<ZeroPaddingArgs>;
}

/** A class without a record, and a record without a class, are type errors. */
type Factories = {
  readonly [Name in KerasLayerName]: KerasLayers[Name] extends KerasLayer<infer Args>
    ? KerasLayerFactory<Args>
    : never;
};

const KERAS_LAYERS: Factories = {
  ...Object.fromEntries(
    AUGMENTATIONS.map((name) => [name, createAugmentation(name)]),
  ) as { [Name in keyof Augmentations]: KerasLayerFactory<AugmentationArgs> },
  ...ADAPTIVE_POOLINGS,
  AdditiveAttention: createAdditiveAttention,
  Attention: createAttention,
  GroupQueryAttention: createGroupQueryAttention,
  MultiHeadAttention: createMultiHeadAttention,
  Conv1DTranspose: createConv1DTranspose,
  Cropping1D: createCropping1D,
  Cropping3D: createCropping3D,
  CustomScaleLayer: createCustomScaleLayer,
  DepthwiseConv1D: createDepthwiseConv1D,
  Discretization: createDiscretization,
  EinsumDense: createEinsumDense,
  GlobalAveragePooling3D: createGlobalAveragePooling3D,
  GlobalMaxPooling3D: createGlobalMaxPooling3D,
  GroupNormalization: createGroupNormalization,
  Hashing: createHashing,
  LayerScale: createLayerScale,
  Normalization: createNormalization,
  RMSNormalization: createRMSNormalization,
  SeparableConv1D: createSeparableConv1D,
  SpatialDropout2D: createSpatialDropout2D,
  SpatialDropout3D: createSpatialDropout3D,
  SpectralNormalization: createSpectralNormalization,
  Subtract: createSubtract,
  UnitNormalization: createUnitNormalization,
  UpSampling1D: createUpSampling1D,
  UpSampling3D: createUpSampling3D,
  ZeroPadding1D: createZeroPadding1D,
  ZeroPadding3D: createZeroPadding3D,
};

const allLayers = kerasLayer((tf): KerasLayers => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const entries = Object.entries(KERAS_LAYERS).map(([name, create]) => [name, create(tf)] as const);
  const operations = Object.entries(OPERATION_LAYERS).map(([name, create]) =>
    [name, create(tf)] as const
  );
  for (const [name, own] of [...entries, ...operations]) {
    if (!Object.hasOwn(classNameMap, name)) tf.serialization.registerClass(own as never);
  }
  registerActivations(tf);
  return Object.fromEntries(entries) as unknown as KerasLayers;
});

/**
 * Returns the layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js. They take
 * Keras's configuration, in camel case, and reproduce Keras's results. They are registered, so that
 * `tf.loadLayersModel` finds them, too; a class that a program has registered under the same name
 * stays. If a Keras file names one, `loadModel()` calls this function automatically. The Keras
 * activations that TensorFlow.js lacks (`hardTanh`, `squareplus`, `sparsemax` and others) are
 * registered with them.
 *
 * @param tf The TensorFlow.js to make them for: that of the engine.
 * @returns The classes by name.
 * @throws {InputError} If `tf` is not TensorFlow.js.
 *
 * @example A layer of Keras in a model of TensorFlow.js
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { kerasLayers } from "@gradient-health/gradient-health/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const { EinsumDense } = kerasLayers(tf);
 * const model = tf.sequential();
 * // Eight heads of 4 units at each step of a sequence.
 * model.add(
 *   new EinsumDense({
 *     equation: "abc,cde->abde",
 *     outputShape: [null, 8, 4],
 *     biasAxes: "de",
 *     inputShape: [10, 16],
 *   }),
 * );
 * assertEquals(model.outputShape, [null, 10, 8, 4]);
 * model.dispose();
 * ```
 */
export function kerasLayers(tf: TensorFlow): KerasLayers {
  requireValue("tf", tf, tensorFlow);
  return allLayers(tf);
}
