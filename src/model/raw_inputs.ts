import type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { frontLayers } from "./front_layers.ts";

/** Turns normal numbers into raw data that the layer at the front maps back to them. */
export type ToRaw = (normals: Tensor) => Tensor;

interface Normalization {
  inputsOf(outputs: Tensor): Tensor | null;
}

/**
 * Returns, for each input that only a `Normalization` reads first, the map from normal numbers to
 * its inputs: its mean and deviation are those of the data. `null` for every other input.
 *
 * @param model A built model.
 */
export function rawInputs(tf: TensorFlow, model: LayersModel): (ToRaw | null)[] {
  return frontLayers(model, () => true, "first").map((layers, i) => {
    // Several have statistics of the same kind of data, each along its own axes.
    const layer = layers?.every(normalizes) ? layers[0] : undefined;
    const input = model.inputs[i];
    if (layer === undefined || !readsAs(layer, input.shape)) return null;
    return (normals) => {
      const raw = (layer as Layer & Normalization).inputsOf(normals);
      if (raw === null) return normals;
      const fitting = input.dtype === "int32" ? tf.cast(tf.round(raw), "int32") : raw;
      // NaN or infinite statistics are the model's fault, which no input can show.
      return tf.all(tf.isFinite(raw)).dataSync()[0] ? fitting : normals;
    };
  });
}

const normalizes = (layer: Layer): boolean =>
  layer.getClassName() === "Normalization" &&
  typeof (layer as Partial<Normalization> & Layer).inputsOf === "function";

/** Returns true if a layer is called on tensors of this shape: after a reshape, places differ. */
const readsAs = (layer: Layer, shape: readonly (number | null)[]): boolean =>
  layer.inboundNodes.some(({ inputTensors: [read] }) =>
    read !== undefined && String(read.shape.slice(1)) === String(shape.slice(1))
  );
