import type { KernelLayout } from "./kernel_layout.ts";
import type { MomentsRule } from "./moments.ts";

/** What a layer does to the entries that it is fed. */
export type LayerKind =
  /** Multiplies its input with a kernel. */
  | "dense"
  /** Multiplies windows of its input with a kernel. */
  | "convolution"
  /** Feeds its state back to itself, step by step. */
  | "recurrent"
  /** What a recurrent layer runs at each step. */
  | "cell"
  /** Looks its input up in a table of weights. */
  | "embedding"
  /** Looks its input up in a table without weights. */
  | "encoding"
  /** Normalises its input to a given mean and spread. */
  | "normalization"
  /** Multiplies its input by a constant and adds one. */
  | "rescaling"
  /** Applies an activation and nothing else. */
  | "activation"
  /** Adds its inputs, entry by entry. */
  | "addition"
  /** Concatenates its inputs. */
  | "concatenation"
  /** Combines its inputs in another way. */
  | "merge"
  /** Combines the entries of a window. */
  | "pool"
  /** Outside training it passes each entry on unchanged, once, in another shape or order. */
  | "passesOn"
  /** Passes on its entries, some of them more than once or not at all. */
  | "selects"
  /** Passes on entries, with zeros or means of neighbours among them: outputs lie in the same range. */
  | "resamples"
  /** Calls other layers and computes nothing itself. */
  | "container"
  /** Nothing is known about it. */
  | "opaque";

/** Which of the operations of its kind a layer is, where they do different things to signals. */
export type LayerOperation =
  /** Two kernels in a row: each channel by itself, then all of them. */
  | "separable"
  /** Cells: one gate, those of a GRU, those of an LSTM. */
  | "simple"
  | "gated"
  | "memory"
  /** Merges: the mean of the inputs, their product. */
  | "average"
  | "product"
  /** Pools, of a window or along whole axes: the mean, the sum, the largest. */
  | "mean"
  | "globalMean"
  | "globalSum"
  | "largest"
  | "globalLargest"
  /** Normalisations that take no mean away: divided by the root mean square, by the l2 norm. */
  | "rootMeanSquare"
  | "norm"
  /** Puts zeros around, repeats each entry or the whole, leaves the borders out. */
  | "pad"
  | "copy"
  | "repeat"
  | "crop";

/** Every operation, for messages. */
export const LAYER_OPERATIONS: readonly LayerOperation[] = [
  "average",
  "copy",
  "crop",
  "gated",
  "globalLargest",
  "globalMean",
  "globalSum",
  "largest",
  "mean",
  "memory",
  "norm",
  "pad",
  "product",
  "repeat",
  "rootMeanSquare",
  "separable",
  "simple",
];

/** What is known of a layer class. */
export interface LayerTraits {
  /** What it does to its input. */
  kind: LayerKind;
  /**
   * The layout of its one kernel, or `null` if it has none that initialisers draw by its fans. `einsum` alone: each
   * layer has its own, `kernelLayout`.
   */
  kernel: KernelLayout | "einsum" | null;
  /** Which of the operations of its kind it is, for theory to follow signals through it, or `null`. */
  operation: LayerOperation | null;
  /** The activation that it consists of, or `null`. */
  activation: string | null;
  /** Whether it has kinks apart from its activation. */
  kinked: boolean;
  /** Whether it drops entries in training, as many as its `rate` says. */
  drops: boolean;
  /** Copies of its output (a cell's: of a step's) that a pass keeps, held against `bench/memory_estimate.ts`. */
  memoryCopies: number;
  /**
   * The same for a layer whose `activation` is set, what that keeps not included. Default: `memoryCopies`, without its
   * output where the activation does not need it.
   */
  activatedCopies?: number;
  /** What it keeps besides where it has a bias: the sum without it. Default: 0. */
  biasCopies?: number;
  /** `memoryCopies` of a cell that is run over a whole sequence at once. Default: `memoryCopies`. */
  sweptCopies?: number;
  /** Copies of its input that it keeps besides. Default: 0. */
  inputCopies?: number;
  /** Whether it sees each example by itself, so that a batch can be cut. Default of a custom layer: false. */
  perExample: boolean;
  /** What theory says of a custom layer: how large its output and its gradients should be. Default: nothing. */
  moments?: MomentsRule;
}

/** The traits of a kind, and what else a class is. */
export function traits(kind: LayerKind, own: Partial<LayerTraits> = {}): LayerTraits {
  return {
    kind,
    kernel: null,
    operation: null,
    activation: null,
    kinked: false,
    drops: false,
    memoryCopies: 1,
    perExample: true,
    ...own,
  };
}

/** Its output shares the data of its input. */
const VIEW = { memoryCopies: 0 };
const KINKED = { kinked: true };
const DROPS = { ...VIEW, drops: true };
/** A bias is added apart, and its sum keeps what it is added to. */
export const APART: Pick<LayerTraits, "biasCopies"> = { biasCopies: 1 };

/** Every layer class that TensorFlow.js registers. */
export const LAYERS: Readonly<Record<string, LayerTraits>> = {
  Dense: traits("dense", { kernel: "ordinary" }),

  Conv1D: traits("convolution", { ...APART, kernel: "ordinary" }),
  Conv2D: traits("convolution", { kernel: "ordinary" }),
  Conv3D: traits("convolution", { ...APART, kernel: "ordinary" }),
  Conv2DTranspose: traits("convolution", { ...APART, kernel: "transposed" }),
  Conv3DTranspose: traits("convolution", { ...APART, kernel: "transposed" }),
  DepthwiseConv2D: traits("convolution", { ...APART, kernel: "depthwise" }),
  // Two kernels in a row, neither of which an initialiser draws by the fans of the whole.
  SeparableConv2D: traits("convolution", { ...APART, operation: "separable", memoryCopies: 2 }),

  RNN: traits("recurrent"),
  SimpleRNN: traits("recurrent", { operation: "simple" }),
  GRU: traits("recurrent", { operation: "gated" }),
  LSTM: traits("recurrent", { operation: "memory" }),
  ConvRNN2D: traits("recurrent"),
  ConvLSTM2D: traits("recurrent"),
  // Gates included.
  SimpleRNNCell: traits("cell", { memoryCopies: 5, sweptCopies: 2 }),
  GRUCell: traits("cell", { memoryCopies: 28, sweptCopies: 8 }),
  LSTMCell: traits("cell", { memoryCopies: 31, sweptCopies: 11 }),
  ConvLSTM2DCell: traits("cell", { memoryCopies: 31 }),
  // What its cells keep is counted there.
  StackedRNNCells: traits("cell", VIEW),

  // The way back sorts the gradients of rows.
  Embedding: traits("embedding", { memoryCopies: 2 }),
  CategoryEncoding: traits("encoding"),

  BatchNormalization: traits("normalization"),
  LayerNormalization: traits("normalization"),
  Rescaling: traits("rescaling"),

  // What its activation keeps is counted there.
  Activation: traits("activation", { memoryCopies: 0 }),
  ReLU: traits("activation", { activation: "relu" }),
  LeakyReLU: traits("activation", { activation: "leakyRelu" }),
  PReLU: traits("activation", { activation: "prelu" }),
  ELU: traits("activation", { activation: "elu" }),
  ThresholdedReLU: traits("activation", { activation: "thresholdedRelu", memoryCopies: 2 }),
  Softmax: traits("activation", { activation: "softmax" }),

  Add: traits("addition"),
  Average: traits("merge", { operation: "average", memoryCopies: 2 }),
  Concatenate: traits("concatenation"),
  Dot: traits("merge"),
  Maximum: traits("merge", KINKED),
  Minimum: traits("merge", KINKED),
  Multiply: traits("merge", { operation: "product" }),

  AveragePooling1D: traits("pool", { operation: "mean" }),
  AveragePooling2D: traits("pool", { operation: "mean" }),
  AveragePooling3D: traits("pool", { operation: "mean" }),
  GlobalAveragePooling1D: traits("pool", { operation: "globalMean" }),
  GlobalAveragePooling2D: traits("pool", { operation: "globalMean" }),
  GlobalMaxPooling1D: traits("pool", { ...KINKED, operation: "globalLargest" }),
  GlobalMaxPooling2D: traits("pool", { ...KINKED, operation: "globalLargest" }),
  MaxPooling1D: traits("pool", { ...KINKED, operation: "largest" }),
  MaxPooling2D: traits("pool", { ...KINKED, operation: "largest" }),
  MaxPooling3D: traits("pool", { ...KINKED, operation: "largest" }),

  InputLayer: traits("passesOn", VIEW),
  Flatten: traits("passesOn", VIEW),
  Reshape: traits("passesOn", VIEW),
  Permute: traits("passesOn"),
  Dropout: traits("passesOn", DROPS),
  SpatialDropout1D: traits("passesOn", DROPS),
  AlphaDropout: traits("passesOn", DROPS),
  GaussianDropout: traits("passesOn", DROPS),
  GaussianNoise: traits("passesOn", VIEW),

  Cropping2D: traits("selects", { operation: "crop" }),
  RepeatVector: traits("selects", { operation: "repeat" }),

  CenterCrop: traits("resamples", { operation: "crop" }),
  Masking: traits("resamples"),
  RandomWidth: traits("resamples"),
  Resizing: traits("resamples"),
  UpSampling2D: traits("resamples", { operation: "copy" }),
  ZeroPadding2D: traits("resamples", { operation: "pad" }),

  Bidirectional: traits("container"),
  TimeDistributed: traits("container"),
  Functional: traits("container"),
  Model: traits("container"),
  Sequential: traits("container"),
};

/** Every kind that a class of TensorFlow.js has, and that of the others. */
export const LAYER_KINDS: readonly LayerKind[] = [
  ...new Set([...Object.values(LAYERS).map(({ kind }) => kind), "opaque" as const]),
];

/** A class that neither TensorFlow.js nor {@linkcode registerLayer} knows. */
export const OPAQUE: LayerTraits = traits("opaque", { perExample: false });
