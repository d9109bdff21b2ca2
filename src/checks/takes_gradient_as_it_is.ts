import type { Measurements } from "../measure/measurements.ts";
import { optimizerTraits } from "../traits/optimizers.ts";

/**
 * Returns true if the compiled optimizer is thrown off by a large gradient. Others are not: of 11
 * networks whose layer normalisations enlarge the gradient of padding, all train with Adam and 4 do
 * not with SGD; of 7 whose only problem is large targets, 6 train with Adam and 1 with SGD.
 */
export function takesGradientAsItIs({ optimizer }: Measurements): boolean {
  return optimizer !== undefined && optimizerTraits(optimizer.name)?.takesGradientAsItIs === true;
}
