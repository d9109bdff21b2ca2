import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { automaticName } from "../model/names.ts";

/**
 * Names of the model's inputs. One that was not chosen, or that a `tf.sequential()` does not list, is
 * called `input`, because the name that TensorFlow.js makes up counts the layers of the whole process:
 * `input2`, or `dense_Dense3_input` after the layer that it leads to.
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

/** Names of the model's outputs: those of the layers, `output` where TensorFlow.js made it up. */
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
  return name === undefined || isMadeUp(name) ? count === 1 ? what : `${what}_${index + 1}` : name;
}
