import type { Measurements } from "../measure/measurements.ts";

/** The optimizers that take a gradient as large as it is; others divide it by its size. */
const AS_IT_IS = ["SGD", "Momentum"];

/**
 * Whether a model is compiled with an optimizer that a large gradient throws off. Others are not: of 11 networks whose
 * layer normalisations enlarge the gradient of padding all train with Adam, 4 of them not with SGD; of 7 whose
 * targets are large and no more, 6 train with Adam and 1 with SGD.
 */
export function takesGradientAsItIs({ optimizer }: Measurements): boolean {
  return optimizer !== undefined && AS_IT_IS.includes(optimizer.name);
}
