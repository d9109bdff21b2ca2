import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { withLogits } from "../model/kept_logits.ts";
import { repeatedOutputs } from "./repeated_outputs.ts";

/** Returns the outputs of a model, in the model's order. */
export function outputsOf(
  tf: TensorFlow,
  model: LayersModel,
  inputs: Tensor[],
  training = false,
): Tensor[] {
  const given = inputs.length === 1 ? inputs[0] : inputs;
  return withLogits(tf, model, () => {
    const returned = model.apply(given, { training }) as Tensor | Tensor[];
    return [repeatedOutputs(model, returned)].flat();
  });
}
