/** A weight: its name without a path, and its shape. */
interface NamedWeight {
  readonly name: string;
  readonly shape: readonly unknown[];
}

/** Weights that stand beside what they are multiplied with or added to, entry by entry. */
const ELEMENTWISE = /(^|\/)(alpha|beta|bias|gamma|moving_mean|moving_variance)(_\d+)?$/;

/**
 * Whether a weight is a kernel: it mixes units. One of rank 2 or more does, except for the slopes of a
 * PReLU, which has one for every entry of a map, and scale and shift of a normalisation over several axes.
 */
export function isKernel({ name, shape }: NamedWeight): boolean {
  return shape.length >= 2 && !ELEMENTWISE.test(name);
}

/** Whether a weight is a bias, a number for each unit. */
export function isBias({ name, shape }: NamedWeight): boolean {
  return shape.length === 1 && /(^|\/)bias[^/]*$/.test(name);
}

/** Whether a weight shifts units: a bias, or the beta of a normalisation. */
export function isShift({ name, shape }: NamedWeight): boolean {
  return shape.length === 1 && /(^|\/)(bias|beta)[^/]*$/.test(name);
}

/** Whether a weight of PyTorch is the kernel through which a recurrent layer feeds its state back. */
export const isRecurrentWeight = (name: string): boolean => /(^|\/)weight_hh/.test(name);

/** Whether a weight is the kernel through which a recurrent layer feeds its state back. */
export function isRecurrentKernel({ name }: Pick<NamedWeight, "name">): boolean {
  return name.includes("recurrent_kernel");
}
