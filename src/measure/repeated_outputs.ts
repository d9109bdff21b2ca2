import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";

/**
 * Returns the outputs of a model. If it lists one twice, TensorFlow.js returns only the first, and
 * `null` for the others.
 *
 * @param model The model, or a wrapper.
 * @param outputs Its return value.
 */
export function repeatedOutputs(model: Layer, outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  if (!Array.isArray(outputs)) return outputs;
  const listed = (model as LayersModel).outputs;
  return outputs.map((output, i) => output ?? outputs[listed.indexOf(listed[i])].clone());
}
