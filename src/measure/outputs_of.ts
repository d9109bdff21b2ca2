import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { repeatedOutputs } from "./repeated_outputs.ts";

/** The outputs of a model, in the model's order. */
export function outputsOf(model: LayersModel, inputs: Tensor[], training = false): Tensor[] {
  const given = inputs.length === 1 ? inputs[0] : inputs;
  const returned = model.apply(given, { training }) as Tensor | Tensor[];
  return [repeatedOutputs(model, returned)].flat();
}
