/** Name of a weight, without a path, and its shape. */
interface NamedWeight {
  readonly name: string;
  readonly shape: readonly unknown[];
}

/** Weights that are multiplied or added entry by entry. */
const ELEMENTWISE = /(^|[/.])(alpha|beta|bias|gamma|moving_mean|moving_variance)(_\d+)?$/;

/** Factors and offsets of a quantised kernel: `weight_scale`, `weight_scale_inv`, `scales`. */
const QUANTIZATION = /(^|[/._])(scales?|scale_inv|absmax|zero_points?|zeros)(_\d+)?$/;

/**
 * Returns true if a weight is a kernel, which mixes units. Weights of rank 2 or more are, except
 * for the slopes of a PReLU, one per entry of a map, and scale and shift of a normalisation over
 * several axes; or for the scales of quantised kernels.
 */
export function isKernel({ name, shape }: NamedWeight): boolean {
  return shape.length >= 2 && !ELEMENTWISE.test(name) && !QUANTIZATION.test(name);
}

/** Returns true if a weight is a bias, a number for each unit. */
export function isBias({ name, shape }: NamedWeight): boolean {
  return shape.length === 1 && /(^|[/.])bias[^/]*$/.test(name);
}

/** Weights of a normalisation by Keras's name, with the one that PyTorch has for each. */
const NORMALIZATION_WEIGHTS = {
  gamma: "gamma|weight",
  scale: "scale",
  beta: "beta|bias",
  moving_mean: "moving_mean|running_mean",
  moving_variance: "moving_variance|running_var",
} as const;

/** Returns the weight of a normalisation that has a part, such as gamma, in Keras or PyTorch. */
export function normalizationWeight<W extends Pick<NamedWeight, "name">>(
  weights: readonly W[],
  part: keyof typeof NORMALIZATION_WEIGHTS,
): W | undefined {
  const names = new RegExp(`(^|[/.])(${NORMALIZATION_WEIGHTS[part]})(_\\d+)?$`);
  return weights.find(({ name }) => names.test(name));
}

/** Returns true if a weight shifts units: a bias, or the beta of a normalisation. */
export function isShift({ name, shape }: NamedWeight): boolean {
  return shape.length === 1 && /(^|[/.])(bias|beta)[^/]*$/.test(name);
}

/** Returns true if a PyTorch weight is the recurrent kernel of a layer: its gates are on axis 0. */
export const isRecurrentWeight = (name: string): boolean => /(^|[/.])weight_hh/.test(name);

/** Returns true if a kernel feeds the state of a recurrent layer back. */
export function isRecurrentKernel({ name }: Pick<NamedWeight, "name">): boolean {
  return name.includes("recurrent_kernel") || isRecurrentWeight(name);
}
