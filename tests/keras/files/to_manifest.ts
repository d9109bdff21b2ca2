import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";

/**
 * Converts a `.h5` as the converter of TensorFlow.js does: its configuration as it is, its weights
 * by their names.
 */
export function toManifest(bytes: Uint8Array): { json: unknown; weights: Uint8Array } {
  const root = openHdf5(bytes);
  const group = root.children.get("model_weights") as Hdf5Group;
  const arrays = group.texts("layer_names")!.flatMap((layer) => {
    const own = group.children.get(layer) as Hdf5Group;
    return own.texts("weight_names")!.map((name) => {
      let at: Hdf5Group | Hdf5Array = own;
      for (const step of name.split("/")) at = (at as Hdf5Group).children.get(step)!;
      return { name: name.replace(/:0$/, ""), array: at as Hdf5Array };
    });
  });
  const parts = arrays.map(({ array }) => new Uint8Array(array.read().buffer));
  const weights = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) weights.set(part, (at += part.length) - part.length);
  const specs = arrays.map(({ name, array: { shape } }) => ({ name, shape, dtype: "float32" }));
  const json = {
    format: "layers-model",
    generatedBy: "keras v3",
    modelTopology: {
      keras_version: root.texts("keras_version")![0],
      model_config: JSON.parse(root.texts("model_config")![0]),
    },
    weightsManifest: [{ paths: ["weights.bin"], weights: specs }],
  };
  return { json, weights };
}
