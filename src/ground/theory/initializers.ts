import { InputError, refusal } from "../words/input_error.ts";
import {
  axesOf,
  hasWindowLast,
  isEinsumLayout,
  isKernelLayout,
  isTransposedLayout,
  KERNEL_LAYOUT_WORDS,
  type KernelLayout,
} from "../traits/layers.ts";
import { list, number, object, primitive, requireValue, string } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";

/** Initialisers of kernels. The normal distributions are not truncated. */
export const INITIALIZERS = [
  "lecunNormal",
  "lecunUniform",
  "heNormal",
  "heUniform",
  "glorotNormal",
  "glorotUniform",
  "orthogonal",
] as const;

/**
 * Name of an initialiser. TensorFlow.js also spells the first two `leCunNormal` and `leCunUniform`.
 */
export type InitializerName = typeof INITIALIZERS[number];

/**
 * Initialisation scheme of a kernel: `he`, `lecun`, `glorot` (uniform or normal alike) or
 * `orthogonal`.
 */
export type InitializerScheme = "he" | "lecun" | "glorot" | "orthogonal";

const VARIANCES: Readonly<Record<InitializerScheme, (fans: Fans) => number>> = {
  he: ({ fanIn }) => 2 / fanIn,
  lecun: ({ fanIn }) => 1 / fanIn,
  glorot: ({ fanIn, fanOut }) => 2 / (fanIn + fanOut),
  // Rows or columns, whichever are fewer, are orthonormal.
  orthogonal: ({ fanIn, fanOut }) => 1 / Math.max(fanIn, fanOut),
};

/**
 * Returns the standard deviation that an initialiser gives a kernel: He et al. 2015, sqrt(2 /
 * fan-in); LeCun et al. 1998, sqrt(1 / fan-in); Glorot & Bengio 2010, sqrt(2 / (fan-in + fan-out));
 * orthogonal (Saxe et al. 2014), 1 / sqrt(max(fan-in, fan-out)).
 *
 * @param scheme The initialiser.
 * @param fans Fans of the kernel, see {@linkcode fans}.
 * @returns The standard deviation of the entries.
 *
 * @example
 * ```ts
 * import { fans, initializerStd } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(initializerStd("he", fans([50, 10])), 0.2);
 * ```
 *
 * @throws {InputError} If the scheme is not known.
 */
export function initializerStd(scheme: InitializerScheme, fans: Fans): number {
  requireValue("scheme", scheme, string);
  requireValue("fans", fans, object({ fanIn: number, fanOut: number }));
  if (!Object.hasOwn(VARIANCES, scheme)) {
    const known = Object.keys(VARIANCES).join(", ");
    throw new InputError({ place: "initializer", found: showValue(scheme), expected: known });
  }
  return Math.sqrt(VARIANCES[scheme](fans));
}

/**
 * Standard deviation of a standard normal distribution truncated at two standard deviations.
 * TensorFlow.js's normal initialisers truncate without compensating: `heNormal` draws 0.88 of He's
 * deviation.
 */
export const CUT_DEVIATION = 0.8796256610342398;

/** Returns the standard deviation that He's initialiser gives a kernel by its fan-out. */
export function fanOutHe({ fanOut }: Fans): number {
  return Math.sqrt(2 / fanOut);
}

/**
 * Mean |x| / rms of the distributions that initialisers draw from: normal, normal truncated at two
 * standard deviations, and uniform. Training makes the tails heavier and the ratio smaller.
 */
export const MEAN_ABS_RATIOS = {
  normal: Math.sqrt(2 / Math.PI),
  cutNormal: 0.8217,
  uniform: Math.sqrt(3) / 2,
} as const;

const LAYOUT = primitive(KERNEL_LAYOUT_WORDS, isKernelLayout);

/** Number of inputs that each output of a kernel sums, and of outputs that each input reaches. */
export interface Fans {
  /** Number of terms in the sum of one output. */
  fanIn: number;
  /** Number of outputs that one input contributes to. */
  fanOut: number;
}

/**
 * Returns the fans of a kernel, given its shape: `[in, out]` for dense and recurrent kernels,
 * `[...window, in, out]` for convolutions. A transposed convolution's kernel is `[...window, out,
 * in]`, and a depthwise one, `[height, width, in, multiplier]`, sums only its window. An `einsum`
 * layout names each axis. Strides and borders are ignored, as initialisers do; a strided transposed
 * convolution sums fewer terms.
 *
 * @param shape Shape of the kernel, rank 2 or more.
 * @param layout Memory layout of the kernel. Default: that of a dense or convolutional layer.
 * @returns The fans.
 *
 * @example
 * ```ts
 * import { fans } from "@gradient-health/gradient-health/theory";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fans([3, 3, 16, 32]), { fanIn: 144, fanOut: 288 });
 * ```
 *
 * @throws {InputError} If the shape has fewer than two axes, or does not match the layout.
 */
export function fans(shape: readonly number[], layout: KernelLayout = "ordinary"): Fans {
  requireValue("shape", shape, list(number));
  requireValue("layout", layout, LAYOUT);
  if (shape.length < 2) {
    throw new InputError(refusal`shape is [${shape.join(", ")}], expected two axes or more`);
  }
  if (isEinsumLayout(layout)) {
    const { inputs, outputs } = axesOf(shape, layout);
    const along = (axes: readonly number[]) => axes.reduce((all, axis) => all * shape[axis], 1);
    const window = hasWindowLast(layout) ? inputs.filter((axis) => axis > 1) : [];
    return { fanIn: along(inputs), fanOut: along([...outputs, ...window]) };
  }
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const [first, second] = shape.slice(-2);
  if (layout === "depthwise") return { fanIn: window, fanOut: window * second };
  if (layout === "transposed") return { fanIn: window * second, fanOut: window * first };
  return { fanIn: window * first, fanOut: window * second };
}

/**
 * Returns the fan-in from which PyTorch's default draws a kernel and its bias. It takes the second
 * axis for the inputs, that of the outputs in a transposed convolution.
 */
export function defaultFanIn(shape: readonly number[], layout?: KernelLayout): number {
  return layout !== undefined && isEinsumLayout(layout) && isTransposedLayout(layout)
    ? shape.slice(1).reduce((product, size) => product * size, 1)
    : fans(shape, layout).fanIn;
}
