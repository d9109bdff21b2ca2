import { createHash } from "node:crypto";
import type { Layer, LayersModel, Tensor } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { getWeights } from "../model/get_weights.ts";
import { leafLayers } from "../model/leaf_layers.ts";

/**
 * Hash of a model's layers and weights and of a batch: two parts of a study must have the same one.
 * Names that TensorFlow.js made up do not count, because they number the layers of the process.
 *
 * @param model A built model.
 * @param batch Its batch.
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

/** What a layer was made with: activation, strides, axes ... */
function settingsOf(layer: Layer): string {
  try {
    return JSON.stringify(layer.getConfig(), (key, value) => key === "name" ? undefined : value);
  } catch {
    // A custom layer may not be able to say it; its class and its weights count anyway.
    return "";
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
