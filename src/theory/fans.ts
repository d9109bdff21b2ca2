import {
  isEinsumLayout,
  isKernelLayout,
  KERNEL_LAYOUT_WORDS,
  type KernelLayout,
} from "../traits/kernel_layout.ts";
import { axesOf } from "./einsum_axes.ts";
import { arrayOf, must, number, requireValue } from "../words/requirements.ts";

const LAYOUT = must(KERNEL_LAYOUT_WORDS, isKernelLayout);

/** How many inputs each output of a kernel sums, and how many outputs each input reaches. */
export interface Fans {
  /** Terms in the sum of one output. */
  fanIn: number;
  /** Outputs that one input contributes to. */
  fanOut: number;
}

/**
 * The fans of a kernel from its shape: `[in, out]` for dense and recurrent kernels, `[...window, in,
 * out]` for convolutions. A transposed convolution's kernel is `[...window, out, in]`, and a
 * depthwise one, `[height, width, in, multiplier]`, adds up its window alone. An `einsum` layout says of each axis
 * which it is. Strides and borders
 * are ignored, as initialisers ignore them; a transposed convolution that strides adds up fewer terms.
 *
 * @param shape Shape of the kernel, rank 2 or more.
 * @param layout How the kernel lies in memory. Default: as that of a dense or a convolutional layer.
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
 * @throws {RangeError} If the shape has fewer than two axes, or others than the layout.
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
