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

/** Possible layouts of a kernel, for messages. */
export const KERNEL_LAYOUT_WORDS =
  '"ordinary", "transposed", "depthwise" or "einsum ioo" and the like';

export const isKernelLayout = (value: unknown): value is KernelLayout =>
  ["ordinary", "transposed", "depthwise"].includes(value as string) || isEinsumLayout(value);
