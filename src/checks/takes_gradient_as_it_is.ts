import type { Measurements } from "../measure/measurements.ts";
import { optimizerTraits } from "../traits/optimizers.ts";

/**
 * Whether a model is compiled with an optimizer that a large gradient throws off. Others are not: of 11 networks whose
 * layer normalisations enlarge the gradient of padding all train with Adam, 4 of them not with SGD; of 7 whose
 * targets are large and no more, 6 train with Adam and 1 with SGD.
 */
export function takesGradientAsItIs({ optimizer }: Measurements): boolean {
  return optimizer !== undefined && optimizerTraits(optimizer.name)?.takesGradientAsItIs === true;
}
