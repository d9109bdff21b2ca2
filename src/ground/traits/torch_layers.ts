import { type LayerTraits, traits } from "./layers.ts";

const VIEW = { memoryCopies: 0 };
const KINKED = { kinked: true };
const DROPS = { memoryCopies: 2, drops: true };
/** Its kernel is `[out, in, ...window]`, or another way round: each layer says which. */
const KERNEL = { kernel: "einsum", memoryCopies: 2 } as const;
/** TensorFlow.js takes maps with channels last: inputs and outputs are transposed. */
const CONVOLUTION = { ...KERNEL, memoryCopies: 3, inputCopies: 1 };

const activation = (name: string) => traits("activation", { activation: name, memoryCopies: 2 });
const mean = traits("pool", { operation: "mean", memoryCopies: 3 });
const largest = traits("pool", { ...KINKED, operation: "largest", memoryCopies: 3 });
const normalization = traits("normalization", { memoryCopies: 5 });
const rootMeanSquare = traits("normalization", { operation: "rootMeanSquare", memoryCopies: 4 });
const dropout = traits("passesOn", DROPS);
const padding = traits("resamples", { operation: "pad" });
const convolution = traits("convolution", CONVOLUTION);
const merge = traits("merge", { memoryCopies: 2 });

/** Modules of PyTorch and of its libraries by their class; a call of one is one layer. */
const MODULES = {
  Linear: traits("dense", KERNEL),
  NonDynamicallyQuantizableLinear: traits("dense", KERNEL),
  Bilinear: traits("merge", { memoryCopies: 3 }),
  // The Conv1D of transformers is a Linear whose kernel is [in, out].
  Conv1D: traits("dense", KERNEL),
  Conv1d: convolution,
  Conv2d: convolution,
  Conv3d: convolution,
  ConvTranspose1d: convolution,
  ConvTranspose2d: convolution,
  ConvTranspose3d: convolution,
  // Weight-standardised convolutions and those with padding as in TensorFlow, of timm.
  Conv2dSame: convolution,
  ScaledStdConv2d: convolution,
  ScaledStdConv2dSame: convolution,
  StdConv2d: convolution,
  StdConv2dSame: convolution,

  RNN: traits("recurrent", { operation: "simple", memoryCopies: 8 }),
  GRU: traits("recurrent", { operation: "gated", memoryCopies: 20 }),
  LSTM: traits("recurrent", { operation: "memory", memoryCopies: 24 }),
  RNNCell: traits("recurrent", { operation: "simple", memoryCopies: 4 }),
  GRUCell: traits("recurrent", { operation: "gated", memoryCopies: 12 }),
  LSTMCell: traits("recurrent", { operation: "memory", memoryCopies: 12 }),

  Embedding: traits("embedding", { memoryCopies: 2 }),

  BatchNorm1d: normalization,
  BatchNorm2d: normalization,
  BatchNorm3d: normalization,
  SyncBatchNorm: normalization,
  InstanceNorm1d: normalization,
  InstanceNorm2d: normalization,
  InstanceNorm3d: normalization,
  LayerNorm: normalization,
  LayerNorm2d: normalization,
  LayerNormFp32: normalization,
  GroupNorm: normalization,
  GroupNorm1: normalization,
  T5LayerNorm: rootMeanSquare,
  LayerScale: traits("rescaling"),
  LayerScale2d: traits("rescaling"),

  ReLU: activation("relu"),
  ReLU6: activation("relu"),
  LeakyReLU: activation("leakyRelu"),
  PReLU: activation("prelu"),
  // Its slopes are drawn: layers have the one that passes on as much.
  RReLU: activation("leakyRelu"),
  Threshold: activation("thresholdedRelu"),
  ELU: activation("elu"),
  CELU: activation("celu"),
  SELU: activation("selu"),
  GELU: activation("gelu"),
  GELUTanh: activation("gelu"),
  GELUActivation: activation("gelu"),
  NewGELUActivation: activation("gelu"),
  FastGELUActivation: activation("gelu"),
  QuickGELUActivation: activation("gelu"),
  SiLU: activation("swish"),
  SiLUActivation: activation("swish"),
  Swish: activation("swish"),
  Mish: activation("mish"),
  Tanh: activation("tanh"),
  Sigmoid: activation("sigmoid"),
  Hardsigmoid: activation("hardSigmoid6"),
  Hardswish: activation("hardSilu"),
  Hardtanh: activation("hardTanh"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Softmax: activation("softmax"),
  Softmax2d: activation("softmax"),
  LogSoftmax: activation("logSoftmax"),
  LogSigmoid: activation("logSigmoid"),
  GLU: activation("glu"),
  Softshrink: activation("softShrink"),
  Hardshrink: activation("hardShrink"),
  Tanhshrink: activation("tanhShrink"),

  Dropout: dropout,
  Dropout1d: dropout,
  Dropout2d: dropout,
  Dropout3d: dropout,
  AlphaDropout: dropout,
  FeatureAlphaDropout: dropout,
  DropPath: dropout,
  StochasticDepth: dropout,

  AvgPool1d: mean,
  AvgPool2d: mean,
  AvgPool3d: mean,
  AdaptiveAvgPool1d: mean,
  AdaptiveAvgPool2d: mean,
  AdaptiveAvgPool3d: mean,
  MaxPool1d: largest,
  MaxPool2d: largest,
  MaxPool3d: largest,
  AdaptiveMaxPool1d: largest,
  AdaptiveMaxPool2d: largest,
  AdaptiveMaxPool3d: largest,
  LPPool2d: traits("pool", { memoryCopies: 3 }),

  ZeroPad1d: padding,
  ZeroPad2d: padding,
  ZeroPad3d: padding,
  ConstantPad1d: padding,
  ConstantPad2d: padding,
  ReflectionPad1d: traits("resamples"),
  ReflectionPad2d: traits("resamples"),
  ReplicationPad2d: traits("resamples"),
  Upsample: traits("resamples"),
  UpsamplingNearest2d: traits("resamples", { operation: "copy" }),
  UpsamplingBilinear2d: traits("resamples"),
  PixelShuffle: traits("passesOn"),
  PixelUnshuffle: traits("passesOn"),
  ChannelShuffle: traits("passesOn"),
  Flatten: traits("passesOn", VIEW),
  Unflatten: traits("passesOn", VIEW),
  Identity: traits("passesOn", VIEW),
} satisfies Record<string, LayerTraits>;

const names = (text: string, own: LayerTraits) =>
  Object.fromEntries(text.split(" ").map((name) => [name, own]));

/** Operations of ATen between modules, by name; what has no row is opaque. */
const OPERATIONS: Readonly<Record<string, LayerTraits>> = {
  ...names("linear addmm", traits("dense", KERNEL)),
  ...names("conv1d conv2d conv3d convolution", convolution),
  ...names("conv_transpose1d conv_transpose2d conv_transpose3d", convolution),
  ...names("lstm", MODULES.LSTM),
  ...names("gru", MODULES.GRU),
  ...names("rnn_tanh rnn_relu", MODULES.RNN),
  ...names("embedding", MODULES.Embedding),
  ...names("batch_norm instance_norm layer_norm native_layer_norm group_norm", normalization),
  ...names("rms_norm", rootMeanSquare),

  add: traits("addition"),
  shift: traits("merge"),
  ...names("mul", traits("merge", { operation: "product", memoryCopies: 2 })),
  scale: traits("merge", { memoryCopies: 1 }),
  layer_scale: traits("rescaling"),
  ...names("sub rsub div addcmul addcdiv lerp matmul bmm baddbmm mm einsum pow", merge),
  ...names("exp log log1p expm1 sqrt rsqrt reciprocal square sin cos neg erf", traits("merge")),
  ...names("abs clamp clamp_min clamp_max maximum minimum where", traits("merge", KINKED)),
  ...names("masked_fill masked_fill_", traits("merge", { memoryCopies: 2 })),
  scaled_dot_product_attention: traits("merge", { memoryCopies: 4 }),
  ...names("cat concat stack hstack vstack", traits("concatenation")),

  relu: activation("relu"),
  relu6: activation("relu"),
  leaky_relu: activation("leakyRelu"),
  rrelu: activation("leakyRelu"),
  threshold: activation("thresholdedRelu"),
  prelu: activation("prelu"),
  elu: activation("elu"),
  celu: activation("celu"),
  selu: activation("selu"),
  gelu: activation("gelu"),
  silu: activation("swish"),
  mish: activation("mish"),
  tanh: activation("tanh"),
  sigmoid: activation("sigmoid"),
  hardsigmoid: activation("hardSigmoid6"),
  hardswish: activation("hardSilu"),
  hardtanh: activation("hardTanh"),
  softplus: activation("softplus"),
  softmax: activation("softmax"),
  _softmax: activation("softmax"),
  log_softmax: activation("logSoftmax"),
  log_sigmoid: activation("logSigmoid"),
  glu: activation("glu"),
  softshrink: activation("softShrink"),
  hardshrink: activation("hardShrink"),

  ...names("dropout feature_dropout alpha_dropout native_dropout", dropout),
  ...names("avg_pool1d avg_pool2d avg_pool3d", mean),
  ...names("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", mean),
  ...names("max_pool1d max_pool2d max_pool3d", largest),
  ...names("adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", largest),
  mean: traits("pool", { operation: "globalMean" }),
  sum: traits("pool", { operation: "globalSum" }),
  ...names("amax max", traits("pool", { ...KINKED, operation: "globalLargest", memoryCopies: 2 })),
  ...names("var std linalg_vector_norm norm logsumexp prod", traits("pool", { memoryCopies: 3 })),
  ...names("pad constant_pad_nd", padding),
  ...names(
    "upsample_nearest1d upsample_nearest2d upsample_nearest3d",
    traits("resamples", { operation: "copy" }),
  ),
  ...names("upsample_bilinear2d upsample_bicubic2d upsample_linear1d", traits("resamples")),
  ...names(
    "view reshape flatten unflatten squeeze unsqueeze view_as reshape_as _unsafe_view",
    traits("passesOn", VIEW),
  ),
  ...names(
    "permute transpose swapaxes swapdims movedim t roll flip pixel_shuffle pixel_unshuffle",
    traits("passesOn"),
  ),
  ...names(
    "select slice narrow index index_select gather unbind chunk split split_with_sizes take",
    traits("selects", { operation: "crop" }),
  ),
  ...names("expand expand_as repeat tile", traits("selects", { operation: "repeat" })),
  repeat_interleave: traits("selects", { operation: "copy" }),
};

const TRAITS: Readonly<Record<string, LayerTraits>> = { ...MODULES, ...OPERATIONS };

/** Classes of transformers' language models, each of which has its own: `Gemma2RMSNorm`. */
const ROOT_MEAN_SQUARE = /R(?:MS|ms)Norm$/;

/** True for the class of a module whose call is one layer. */
export const isTorchModule = (className: string): boolean =>
  Object.hasOwn(MODULES, className) || ROOT_MEAN_SQUARE.test(className);

/** Kinds of modules whose kernel carries a signal. */
const WITH_KERNEL = new Set<LayerTraits["kind"]>([
  "dense",
  "convolution",
  "recurrent",
  "embedding",
]);

/** True for the class of a module of PyTorch with a kernel. */
export const holdsTorchKernel = (className: string): boolean =>
  isTorchModule(className) && WITH_KERNEL.has(torchLayerTraits(className)!.kind);

/** Returns the traits of a module or an operation of PyTorch, `undefined` for an unknown one. */
export function torchLayerTraits(className: string): LayerTraits | undefined {
  if (Object.hasOwn(TRAITS, className)) return TRAITS[className];
  return ROOT_MEAN_SQUARE.test(className) ? rootMeanSquare : undefined;
}
