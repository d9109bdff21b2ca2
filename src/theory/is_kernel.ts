/** Weights that stand beside what they are multiplied with or added to, entry by entry. */
const ELEMENTWISE = /(^|\/)(alpha|beta|bias|gamma|moving_mean|moving_variance)(_\d+)?$/;

/**
 * Whether a weight is a kernel: it mixes units. One of rank 2 or more does, but for the slopes of a
 * PReLU, which has one for every entry of a map, and scale and shift of a normalisation over several axes.
 *
 * @param weight Its own name, behind any path, and its shape.
 */
export function isKernel(
  { name, shape }: { readonly name: string; readonly shape: readonly unknown[] },
): boolean {
  return shape.length >= 2 && !ELEMENTWISE.test(name);
}
