import type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { frontLayers } from "./front_layers.ts";

/** Makes raw data of normal numbers: the layer that sees these first brings them back. */
export type ToRaw = (normals: Tensor) => Tensor;

interface Normalization {
  inputsOf(outputs: Tensor): Tensor | null;
}

/**
 * For each input of a model that nothing but a `Normalization` sees first, what the inputs are that it makes standard
 * normal: its mean and deviation are those of the data. `null` for every other input.
 *
 * @param model A built model.
 */
export function rawInputs(tf: TensorFlow, model: LayersModel): (ToRaw | null)[] {
  return frontLayers(model, () => true, "first").map((layers, i) => {
    // Several have statistics of one kind of data, each along its own axes.
    const layer = layers?.every(normalizes) ? layers[0] : undefined;
    const input = model.inputs[i];
    if (layer === undefined || !readsAs(layer, input.shape)) return null;
    return (normals) => {
      const raw = (layer as Layer & Normalization).inputsOf(normals);
      if (raw === null) return normals;
      const fitting = input.dtype === "int32" ? tf.cast(tf.round(raw), "int32") : raw;
      // Statistics that are no numbers are the model's fault, and not to be found in its inputs.
      return tf.all(tf.isFinite(raw)).dataSync()[0] ? fitting : normals;
    };
  });
}

const normalizes = (layer: Layer): boolean =>
  layer.getClassName() === "Normalization" &&
  typeof (layer as Partial<Normalization> & Layer).inputsOf === "function";

/** Whether a layer is called on tensors of this shape: what was taken apart on the way has other places. */
const readsAs = (layer: Layer, shape: readonly (number | null)[]): boolean =>
  layer.inboundNodes.some(({ inputTensors: [read] }) =>
    read !== undefined && String(read.shape.slice(1)) === String(shape.slice(1))
  );
