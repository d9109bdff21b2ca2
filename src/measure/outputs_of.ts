import type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { withActivityPenalties } from "../model/activity_penalties.ts";
import { withLogits, withMasks } from "../model/keras_outputs.ts";

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

/**
 * Returns the outputs of a model. If it lists one twice, TensorFlow.js returns only the first, and
 * `null` for the others.
 */
export function repeatedOutputs(model: Layer, outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  if (!Array.isArray(outputs)) return outputs;
  const listed = (model as LayersModel).outputs;
  return outputs.map((output, i) => output ?? outputs[listed.indexOf(listed[i])].clone());
}
