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
  /** Gives its input a mean and a spread of its own. */
  | "normalization"
  /** Multiplies its input by a constant and adds one. */
  | "rescaling"
  /** Applies an activation and nothing else. */
  | "activation"
  /** Adds its inputs, entry by entry. */
  | "addition"
  /** Puts its inputs side by side. */
  | "concatenation"
  /** Puts its inputs together in another way. */
  | "merge"
  /** Puts a window of entries together. */
  | "pool"
  /** Outside of training hands on each entry as it is, once, in another shape or order. */
  | "passesOn"
  /** Hands on the entries it gets, some of them more than once or not at all. */
  | "selects"
  /** Hands on entries, and zeros or means of neighbours among them: what comes out lies in between. */
  | "resamples"
  /** Calls other layers and computes nothing itself. */
  | "container"
  /** Nothing is known of it. */
  | "opaque";

/** How a kernel lies in memory, which decides its fans and on which axis the units are. */
export type KernelLayout =
  /** `[...window, in, out]`. */
  | "ordinary"
  /** `[...window, out, in]`. */
  | "transposed"
  /** `[...window, in, multiplier]`: each input has outputs of its own. */
  | "depthwise";

/** What is known of a layer class. */
export interface LayerTraits {
  /** What it does to its input. */
  kind: LayerKind;
  /** How its one kernel lies, or `null` where it has none that initialisers draw by its fans. */
  kernel: KernelLayout | null;
  /** The activation that it consists of, or `null`. */
  activation: string | null;
  /** Whether it is not smooth somewhere, apart from its activation. */
  kinked: boolean;
  /**
   * Copies of its output that a pass keeps at the end of the forward pass, when most are kept; in a cell of
   * the output of a step. Measured on WASM with ten layers of a kind.
   */
  memoryCopies: number;
}

/** What most layers keep of their output. */
const COPIES = 1.2;

function traits(kind: LayerKind, own: Partial<LayerTraits> = {}): LayerTraits {
  return { kind, kernel: null, activation: null, kinked: false, memoryCopies: COPIES, ...own };
}

/** Its output shares the data of its input. */
const VIEW = { memoryCopies: 0 };
const KINKED = { kinked: true };

/** Every layer class that TensorFlow.js registers. */
export const LAYERS: Readonly<Record<string, LayerTraits>> = {
  Dense: traits("dense", { kernel: "ordinary" }),

  Conv1D: traits("convolution", { kernel: "ordinary" }),
  Conv2D: traits("convolution", { kernel: "ordinary" }),
  Conv3D: traits("convolution", { kernel: "ordinary" }),
  Conv2DTranspose: traits("convolution", { kernel: "transposed" }),
  Conv3DTranspose: traits("convolution", { kernel: "transposed" }),
  DepthwiseConv2D: traits("convolution", { kernel: "depthwise", memoryCopies: 2 }),
  // Two kernels in a row, neither of which an initialiser draws by the fans of the whole.
  SeparableConv2D: traits("convolution", { memoryCopies: 3 }),

  RNN: traits("recurrent"),
  SimpleRNN: traits("recurrent"),
  GRU: traits("recurrent"),
  LSTM: traits("recurrent"),
  ConvRNN2D: traits("recurrent"),
  ConvLSTM2D: traits("recurrent"),
  // Gates included.
  SimpleRNNCell: traits("cell", { memoryCopies: 7 }),
  GRUCell: traits("cell", { memoryCopies: 35 }),
  LSTMCell: traits("cell", { memoryCopies: 35 }),
  ConvLSTM2DCell: traits("cell", { memoryCopies: 35 }),
  StackedRNNCells: traits("cell", { memoryCopies: 35 }),

  Embedding: traits("embedding"),
  CategoryEncoding: traits("encoding"),

  BatchNormalization: traits("normalization"),
  LayerNormalization: traits("normalization", { memoryCopies: 10 }),
  Rescaling: traits("rescaling"),

  // What its activation keeps is counted there.
  Activation: traits("activation", { memoryCopies: 0 }),
  ReLU: traits("activation", { activation: "relu" }),
  LeakyReLU: traits("activation", { activation: "leakyRelu" }),
  PReLU: traits("activation", { activation: "prelu" }),
  ELU: traits("activation", { activation: "elu" }),
  ThresholdedReLU: traits("activation", { activation: "thresholdedRelu" }),
  Softmax: traits("activation", { activation: "softmax" }),

  Add: traits("addition"),
  Average: traits("merge", { memoryCopies: 2 }),
  Concatenate: traits("concatenation"),
  Dot: traits("merge"),
  Maximum: traits("merge", KINKED),
  Minimum: traits("merge", KINKED),
  Multiply: traits("merge"),

  AveragePooling1D: traits("pool"),
  AveragePooling2D: traits("pool"),
  AveragePooling3D: traits("pool"),
  GlobalAveragePooling1D: traits("pool"),
  GlobalAveragePooling2D: traits("pool"),
  GlobalMaxPooling1D: traits("pool", KINKED),
  GlobalMaxPooling2D: traits("pool", KINKED),
  MaxPooling1D: traits("pool", KINKED),
  MaxPooling2D: traits("pool", KINKED),
  MaxPooling3D: traits("pool", KINKED),

  InputLayer: traits("passesOn", VIEW),
  Flatten: traits("passesOn", VIEW),
  Reshape: traits("passesOn", VIEW),
  Permute: traits("passesOn"),
  Dropout: traits("passesOn", VIEW),
  SpatialDropout1D: traits("passesOn", VIEW),
  AlphaDropout: traits("passesOn", VIEW),
  GaussianDropout: traits("passesOn", VIEW),
  GaussianNoise: traits("passesOn", VIEW),

  Cropping2D: traits("selects"),
  RepeatVector: traits("selects"),

  CenterCrop: traits("resamples"),
  Masking: traits("resamples"),
  RandomWidth: traits("resamples"),
  Resizing: traits("resamples"),
  UpSampling2D: traits("resamples"),
  ZeroPadding2D: traits("resamples"),

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
export const OPAQUE: LayerTraits = traits("opaque");
