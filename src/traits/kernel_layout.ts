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
