import {
  isEinsumLayout,
  isKernelLayout,
  KERNEL_LAYOUT_WORDS,
  type KernelLayout,
} from "../traits/kernel_layout.ts";
import { axesOf } from "./einsum_axes.ts";
import { arrayOf, must, number, requireValue } from "../words/requirements.ts";

const LAYOUT = must(KERNEL_LAYOUT_WORDS, isKernelLayout);

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
 * @throws {RangeError} If the shape has fewer than two axes, or does not match the layout.
 */
export function fans(shape: readonly number[], layout: KernelLayout = "ordinary"): Fans {
  requireValue("shape", shape, arrayOf(number));
  requireValue("layout", layout, LAYOUT);
  if (shape.length < 2) {
    throw new RangeError(`shape is [${shape.join(", ")}], expected two axes or more`);
  }
  if (isEinsumLayout(layout)) {
    const { inputs, outputs } = axesOf(shape, layout);
    const along = (axes: readonly number[]) => axes.reduce((all, axis) => all * shape[axis], 1);
    return { fanIn: along(inputs), fanOut: along(outputs) };
  }
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const [first, second] = shape.slice(-2);
  if (layout === "depthwise") return { fanIn: window, fanOut: window * second };
  if (layout === "transposed") return { fanIn: window * second, fanOut: window * first };
  return { fanIn: window * first, fanOut: window * second };
}
