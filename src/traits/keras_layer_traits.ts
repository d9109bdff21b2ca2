import { APART, type LayerTraits, traits } from "./layers.ts";
import { OPERATION_TRAITS, operationClass } from "./operation_traits.ts";

/** Layers of Keras that change images in training and pass them on unchanged otherwise. */
export const AUGMENTATIONS = [
  "AugMix",
  "Equalization",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomZoom",
  "Solarization",
] as const;

const KINKED = { kinked: true };
/** Windows along one axis after the other, which are cut out and concatenated. */
const WINDOWS = { memoryCopies: 4, inputCopies: 1.5 };
const DROPS = { memoryCopies: 0, drops: true };

/** Layers of Keras that TensorFlow.js lacks: `engine/keras_layers/` implements them. */
export const KERAS_LAYER_TRAITS: Readonly<Record<string, LayerTraits>> = {
  ...Object.fromEntries(
    AUGMENTATIONS.map((name) => [name, traits("passesOn", { memoryCopies: 0 })]),
  ),
  ...Object.fromEntries(
    Object.entries(OPERATION_TRAITS).map(([name, own]) => [operationClass(name), own]),
  ),
  // The sum, and the sum with its bias.
  EinsumDense: traits("dense", { kernel: "einsum", memoryCopies: 2 }),

  AdaptiveAveragePooling1D: traits("pool", { ...WINDOWS, operation: "mean" }),
  AdaptiveAveragePooling2D: traits("pool", { ...WINDOWS, operation: "mean" }),
  AdaptiveAveragePooling3D: traits("pool", { ...WINDOWS, operation: "mean" }),
  AdaptiveMaxPooling1D: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),
  AdaptiveMaxPooling2D: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),
  AdaptiveMaxPooling3D: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),

  AdditiveAttention: traits("container"),
  Attention: traits("container"),
  GroupQueryAttention: traits("container"),
  MultiHeadAttention: traits("container"),
  // Parts of attention layers.
  AttentionContext: traits("merge"),
  AttentionScores: traits("merge"),
  AttentionSimilarity: traits("merge"),
  // With a mask it also keeps the replacements of the scores, and the result.
  AttentionWeights: traits("activation", { activation: "softmax", memoryCopies: 2.5 }),

  Conv1DTranspose: traits("convolution", { ...APART, kernel: "transposed" }),
  Cropping1D: traits("selects", { operation: "crop" }),
  Cropping3D: traits("selects", { operation: "crop" }),
  DepthwiseConv1D: traits("convolution", { ...APART, kernel: "depthwise" }),
  Discretization: traits("encoding"),
  GlobalAveragePooling3D: traits("pool", { operation: "globalMean" }),
  GlobalMaxPooling3D: traits("pool", { ...KINKED, operation: "globalLargest" }),
  GroupNormalization: traits("normalization", { memoryCopies: 6 }),
  LayerScale: traits("rescaling"),
  Normalization: traits("rescaling", { memoryCopies: 2 }),
  RMSNormalization: traits("normalization", { operation: "rootMeanSquare", memoryCopies: 3 }),
  SeparableConv1D: traits("convolution", { ...APART, operation: "separable", memoryCopies: 2 }),
  SpatialDropout2D: traits("passesOn", DROPS),
  SpatialDropout3D: traits("passesOn", DROPS),
  SpectralNormalization: traits("container"),
  Subtract: traits("merge"),
  UnitNormalization: traits("normalization", { operation: "norm", memoryCopies: 2 }),
  UpSampling1D: traits("resamples", { operation: "copy" }),
  UpSampling3D: traits("resamples", { operation: "copy" }),
  ZeroPadding1D: traits("resamples", { operation: "pad" }),
  ZeroPadding3D: traits("resamples", { operation: "pad" }),
};
