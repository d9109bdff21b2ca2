import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { withActivityPenalties } from "../model/activity_penalties.ts";
import { withLogits } from "../model/kept_logits.ts";
import { withMasks } from "../model/output_masks.ts";
import { repeatedOutputs } from "./alikeness.ts";

/** Returns the outputs of a model, in the model's order. */
export function outputsOf(
  tf: TensorFlow,
  model: LayersModel,
  inputs: Tensor[],
  { training = false }: { training?: boolean } = {},
): Tensor[] {
  const given = inputs.length === 1 ? inputs[0] : inputs;
  const run = () => {
    const returned = model.apply(given, { training }) as Tensor | Tensor[];
    return [repeatedOutputs(model, returned)].flat();
  };
  const penalized = () => withActivityPenalties(tf, model, run);
  return withMasks(tf, model, () => withLogits(tf, model, penalized));
}
