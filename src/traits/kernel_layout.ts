/** How a kernel lies in memory, which decides its fans and on which axis its units lie. */
export type KernelLayout =
  /** `[...window, in, out]`. */
  | "ordinary"
  /** `[...window, out, in]`. */
  | "transposed"
  /** `[...window, in, multiplier]`: each input has outputs of its own. */
  | "depthwise"
  | EinsumLayout;

/**
 * Axes in any order, a letter for each: `i` for one that is summed over, `o` for one that is not. A kernel
 * `[size, heads, head size]` of queries is `"einsum ioo"`.
 */
export type EinsumLayout = `einsum ${string}`;

/** Whether a value is the layout of a kernel by its axes. */
export const isEinsumLayout = (value: unknown): value is EinsumLayout =>
  typeof value === "string" && /^einsum [io]{2,}$/.test(value);

/** What a layout of a kernel may be, for messages. */
export const KERNEL_LAYOUT_WORDS =
  '"ordinary", "transposed", "depthwise" or "einsum ioo" and the like';

/** Whether a value is the layout of a kernel. */
export const isKernelLayout = (value: unknown): value is KernelLayout =>
  ["ordinary", "transposed", "depthwise"].includes(value as string) || isEinsumLayout(value);
