import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { automaticName } from "../model/names.ts";

/**
 * Returns the name of a model's input. It is `input` if it was not chosen, or if a
 * `tf.sequential()` does not list it, because the name that TensorFlow.js generates counts the
 * layers of the whole process: `input2`, or `dense_Dense3_input` after the layer that it leads to.
 */
export function inputName(model: LayersModel, index: number): string {
  const layer: Layer | undefined = model.inputLayers?.[index];
  const [node] = layer?.outboundNodes ?? [];
  const next = node?.outboundLayer;
  const isMadeUp = (name: string) =>
    /^input\d+$/.test(name) ||
    (next !== undefined && name === `${next.name}_input` && automaticName(next) !== null);
  return nameOf("input", model.inputNames, index, model.inputs.length, isMadeUp);
}

/**
 * Returns the name of a model's output: that of its layer, or `output` if TensorFlow.js generated
 * it.
 */
export function outputName(model: LayersModel, index: number): string {
  const layer: Layer | undefined = model.outputLayers?.[index];
  const isMadeUp = () => layer !== undefined && automaticName(layer) !== null;
  return nameOf("output", model.outputNames, index, model.outputs.length, isMadeUp);
}

function nameOf(
  what: string,
  names: string[] | undefined,
  index: number,
  count: number,
  isMadeUp: (name: string) => boolean,
): string {
  const name = names?.[index];
  if (name !== undefined && !isMadeUp(name)) return name;
  return count === 1 ? what : `${what}_${index + 1}`;
}
