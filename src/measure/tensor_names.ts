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
  const name = model.inputNames?.[index];
  if (name !== undefined && !isMadeUp(name)) return name;
  return numbered("input", index, model.inputs);
}

/**
 * Returns the name of a model's output: its key in a dictionary, that of its layer, or `output` if
 * TensorFlow.js generated it.
 */
export function outputName(model: LayersModel, index: number): string {
  const layer: Layer | undefined = model.outputLayers?.[index];
  const name = model.outputNames?.[index];
  const isMadeUp = layer !== undefined && layer.name === name && automaticName(layer) !== null;
  return name === undefined || isMadeUp ? numbered("output", index, model.outputs) : name;
}

function numbered(what: string, index: number, { length }: readonly unknown[]): string {
  return length === 1 ? what : `${what}_${index + 1}`;
}
