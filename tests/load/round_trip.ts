import { type LayersModel, startEngine } from "../../src/engine/mod.ts";
import { loadModel, randomBatch } from "../../src/entry/model.ts";
import { saveModel, type SaveOptions, withFolder } from "../core/model/save_model.ts";

const { tf } = await startEngine();

/** Saves a model and loads it; hands both to a function. */
export async function roundTrip(
  model: LayersModel,
  compare: (loaded: LayersModel) => void,
  options: SaveOptions = {},
) {
  await withFolder(async (folder) => {
    const { model: loaded } = await loadModel(await saveModel(tf, model, folder, options));
    try {
      compare(loaded);
    } finally {
      loaded.dispose();
    }
  });
}

export const predict = (model: LayersModel) => {
  const { inputs } = randomBatch(model, { examples: 4 });
  const output = tf.tidy(() => [model.predict(inputs)].flat().flatMap((y) => [...y.dataSync()]));
  tf.dispose([inputs].flat());
  return output;
};
