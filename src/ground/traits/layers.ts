import { InputError } from "../words/input_error.ts";

/** Layout of a kernel in memory, which decides its fans and the axis of its units. */
export type KernelLayout =
  /** `[...window, in, out]`. */
  | "ordinary"
  /** `[...window, out, in]`. */
  | "transposed"
  /** `[...window, in, multiplier]`: each input has its own outputs. */
  | "depthwise"
  | EinsumLayout;

/**
 * Axes in any order, a letter for each: `i` for one that is summed over, `o` for one that is not. A
 * kernel of queries, `[size, heads, head size]`, is `"einsum ioo"`.
 */
export type EinsumLayout = `einsum ${string}`;

/** True if a value is an einsum layout. */
export const isEinsumLayout = (value: unknown): value is EinsumLayout =>
  typeof value === "string" && /^einsum [io]{2,}$/.test(value);

/** True for the kernel of a transposed convolution, of Keras or, `[in, out, ...window]`, of PyTorch. */
export const isTransposedLayout = (layout: KernelLayout): boolean =>
  layout === "transposed" || /^einsum ioi+$/.test(layout);

/**
 * True for the kernel of a convolution of PyTorch, `[out, in, ...window]`, transposed or not. The
 * axes of the window are among those that are summed over.
 */
export const hasWindowLast = (layout: KernelLayout): boolean => /^einsum (oi|io)i+$/.test(layout);

/** Possible layouts of a kernel, for messages. */
export const KERNEL_LAYOUT_WORDS =
  '"ordinary", "transposed", "depthwise" or "einsum ioo" and the like';

export const isKernelLayout = (value: unknown): value is KernelLayout =>
  ["ordinary", "transposed", "depthwise"].includes(value as string) || isEinsumLayout(value);

/**
 * Splits the axes of a kernel by its layout.
 *
 * @throws {InputError} If the shape does not match the layout.
 */
export function axesOf(
  shape: readonly number[],
  layout: EinsumLayout,
): { inputs: number[]; outputs: number[] } {
  const letters = [...layout.slice("einsum ".length)];
  if (letters.length !== shape.length) {
    throw new InputError({
      place: "shape",
      found: `[${shape.join(", ")}]`,
      expected: `${letters.length} axes as the layout "${layout}" has`,
    });
  }
  const at = (letter: string) => letters.flatMap((one, axis) => one === letter ? [axis] : []);
  return { inputs: at("i"), outputs: at("o") };
}

/** Returns the number of units of a kernel: the product of the axes that are not summed over. */
export function unitCount(shape: readonly number[], layout: EinsumLayout): number {
  return axesOf(shape, layout).outputs.reduce((all, axis) => all * shape[axis], 1);
}

/**
 * Returns the offsets of a kernel's entries seen as a matrix: the entry of input n and unit m is at
 * `inputs[n] + outputs[m]`.
 */
export function matrixOffsets(
  shape: readonly number[],
  layout: EinsumLayout,
): { inputs: number[]; outputs: number[] } {
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  );
  const offsets = (axes: readonly number[]) =>
    axes.reduce(
      (found, axis) =>
        found.flatMap((offset) =>
          Array.from({ length: shape[axis] }, (_, i) => offset + i * strides[axis])
        ),
      [0],
    );
  const { inputs, outputs } = axesOf(shape, layout);
  return { inputs: offsets(inputs), outputs: offsets(outputs) };
}

/** Effect of a layer on its input. */
export type LayerKind =
  /** Multiplies its input by a kernel. */
  | "dense"
  /** Multiplies windows of its input by a kernel. */
  | "convolution"
  /** Feeds its state back to itself, step by step. */
  | "recurrent"
  /** Runs at each step of a recurrent layer. */
  | "cell"
  /** Looks its input up in a table of weights. */
  | "embedding"
  /** Looks its input up in a table without weights. */
  | "encoding"
  /** Normalises its input to a given mean and standard deviation. */
  | "normalization"
  /** Multiplies its input by a constant and adds one. */
  | "rescaling"
  /** Applies an activation only. */
  | "activation"
  /** Adds its inputs elementwise. */
  | "addition"
  /** Concatenates its inputs. */
  | "concatenation"
  /** Combines its inputs in another way. */
  | "merge"
  /** Combines the entries of a window. */
  | "pool"
  /** Outside training, passes each entry on unchanged and once, in another shape or order. */
  | "passesOn"
  /** Passes entries on, some more than once or not at all. */
  | "selects"
  /**
   * Passes entries on, mixed with zeros or means of neighbours: the range of the outputs is that of
   * the inputs.
   */
  | "resamples"
  /** Calls other layers and computes nothing itself. */
  | "container"
  /** Does something unknown. */
  | "opaque";

/** Operation of a layer, for kinds whose operations affect signals differently. */
export type LayerOperation =
  /** Two kernels in a row: each channel separately, then all of them. */
  | "separable"
  /** Cells: one gate, the gates of a GRU, those of an LSTM. */
  | "simple"
  | "gated"
  | "memory"
  /** Additions: the second input is multiplied by a constant first. */
  | "scaled"
  /** Merges: the mean of the inputs, or their product. */
  | "average"
  | "product"
  /** Pools, of a window or along whole axes: the mean, the sum, the maximum. */
  | "mean"
  | "globalMean"
  | "globalSum"
  | "largest"
  | "globalLargest"
  /** Normalisations that subtract no mean: division by the root mean square, by the l2 norm. */
  | "rootMeanSquare"
  | "norm"
  /** Padding with zeros, repeating each entry or the whole, cropping the borders. */
  | "pad"
  | "copy"
  | "repeat"
  | "crop";

/** Traits of a layer class. */
export interface LayerTraits {
  /** Effect on its input. */
  kind: LayerKind;
  /**
   * Layout of its kernel, or `null` if it has none that initialisers draw by its fans. With plain
   * `einsum`, each layer has its own `kernelLayout`.
   */
  kernel: KernelLayout | "einsum" | null;
  /** Its operation, by which theory follows signals through it, or `null`. */
  operation: LayerOperation | null;
  /** Activation that the layer is, or `null`. */
  activation: string | null;
  /** True if it has kinks apart from its activation. */
  kinked: boolean;
  /** True if it drops entries in training, the share that its `rate` says. */
  drops: boolean;
  /**
   * Copies of its output (for a cell, of a step's) that a pass keeps, compared with
   * `bench/memory_estimate.ts`.
   */
  memoryCopies: number;
  /**
   * The same for a layer whose `activation` is set, without what the activation keeps. Default:
   * `memoryCopies`, without its output if the activation does not need it.
   */
  activatedCopies?: number;
  /** Additional copies if it has a bias: the sum without it. Default: 0. */
  biasCopies?: number;
  /** `memoryCopies` of a cell that runs over a whole sequence at once. Default: `memoryCopies`. */
  sweptCopies?: number;
  /** Additional copies of its input. Default: 0. */
  inputCopies?: number;
  /**
   * True if it treats each example separately, so that a batch can be split. Default of a custom
   * layer: false.
   */
  perExample: boolean;
  /**
   * Expected size of the output and the gradients of a custom layer, for the theory. Default: none.
   */
  moments?: MomentsRule;
}

/** Completes the traits of a class with the defaults. */
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
/** A bias is added separately, and its sum keeps its summand. */
export const APART: Pick<LayerTraits, "biasCopies"> = { biasCopies: 1 };

/** Layer classes that TensorFlow.js registers. */
export const LAYERS: Readonly<Record<string, LayerTraits>> = {
  Dense: traits("dense", { kernel: "ordinary" }),

  Conv1D: traits("convolution", { ...APART, kernel: "ordinary" }),
  Conv2D: traits("convolution", { kernel: "ordinary" }),
  Conv3D: traits("convolution", { ...APART, kernel: "ordinary" }),
  Conv2DTranspose: traits("convolution", { ...APART, kernel: "transposed" }),
  Conv3DTranspose: traits("convolution", { ...APART, kernel: "transposed" }),
  DepthwiseConv2D: traits("convolution", { ...APART, kernel: "depthwise" }),
  // Two kernels in a row, neither of which an initialiser draws by the fans of the whole layer.
  SeparableConv2D: traits("convolution", { ...APART, operation: "separable", memoryCopies: 2 }),

  RNN: traits("recurrent"),
  SimpleRNN: traits("recurrent", { operation: "simple" }),
  GRU: traits("recurrent", { operation: "gated" }),
  LSTM: traits("recurrent", { operation: "memory" }),
  ConvRNN2D: traits("recurrent"),
  ConvLSTM2D: traits("recurrent"),
  // The copies include the gates.
  SimpleRNNCell: traits("cell", { memoryCopies: 5, sweptCopies: 2 }),
  GRUCell: traits("cell", { memoryCopies: 28, sweptCopies: 8 }),
  LSTMCell: traits("cell", { memoryCopies: 31, sweptCopies: 11 }),
  ConvLSTM2DCell: traits("cell", { memoryCopies: 31 }),
  // Its cells count their own copies.
  StackedRNNCells: traits("cell", VIEW),

  // The backward pass sorts the gradients of rows.
  Embedding: traits("embedding", { memoryCopies: 2 }),
  CategoryEncoding: traits("encoding"),

  BatchNormalization: traits("normalization"),
  LayerNormalization: traits("normalization"),
  Rescaling: traits("rescaling"),

  // Its activation counts its own copies.
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

export const LAYER_KINDS: readonly LayerKind[] = [
  ...new Set([...Object.values(LAYERS).map(({ kind }) => kind), "opaque" as const]),
];

/** Traits of a class that neither TensorFlow.js nor {@linkcode registerLayer} knows. */
export const OPAQUE: LayerTraits = traits("opaque", { perExample: false });

/** Size of a tensor's entries, over units, positions and examples. */
export interface Moments {
  /** Mean of the squared entries. */
  meanSquare: number;
  /** Mean of the entries. */
  mean: number;
}

/** Measured moments of a tensor that a layer reads. */
export interface InputMoments extends Moments {
  /** Shape, examples first. */
  shape: readonly number[];
}

/** Measured moments of a weight. */
export interface WeightMoments extends Moments {
  /** Name, such as `layer/kernel`. */
  name: string;
  /** Shape. */
  shape: readonly number[];
}

/** Expected output and gradients of a custom layer. */
export interface DeclaredSignals {
  /** Expected size of its output. */
  output: Moments;
  /**
   * For each input, the squared l2 norm of dJ/d(input) over the squared l2 norm of dJ/d(output);
   * `null` if unknown: theory then continues from the measured gradient.
   */
  gradients: readonly number[] | null;
}

/**
 * Predicts the size of a custom layer's output and gradients from its inputs and weights, for the
 * theory. It is called once a pass, with the measured moments; if theory expects an input of
 * another size, it scales the output with the first input.
 *
 * @param inputs The layer's inputs, in order.
 * @param weights Its weights, in order.
 * @returns The sizes, or `null` if they cannot be predicted.
 */
export type MomentsRule = (
  inputs: readonly InputMoments[],
  weights: readonly WeightMoments[],
) => DeclaredSignals | null;
