import { createHash } from "node:crypto";
import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { getWeights } from "../model/weights/set_weights.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";

/**
 * Returns a hash of a model's layers and weights and of a batch, which must be equal for two parts
 * of a study. Names that TensorFlow.js generated do not count, because they number the layers of
 * the process.
 */
export function fingerprint(model: LayersModel, { inputs, targets }: Batch): string {
  const hash = createHash("sha256");
  for (const { path, layer } of leafLayers(model)) {
    hash.update(JSON.stringify([path, layer.getClassName()])).update(settingsOf(layer));
  }
  for (const { name, shape, values } of Object.values(getWeights(model))) {
    hash.update(JSON.stringify([name, shape])).update(bytesOf(values));
  }
  for (const tensor of [inputs, targets ?? []].flat() as Tensor[]) {
    hash.update(JSON.stringify(tensor.shape)).update(bytesOf(tensor.dataSync()));
  }
  return hash.digest("hex").slice(0, 32);
}

/** Returns the configuration of a layer: activation, strides, axes ... */
function settingsOf(layer: Layer): string {
  try {
    return JSON.stringify(layer.getConfig(), (key, value) => key === "name" ? undefined : value);
  } catch {
    // A custom layer may not be able to return it; its class and its weights still count.
    return "";
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
