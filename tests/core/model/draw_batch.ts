import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { randomBatch, type RandomBatchOptions } from "../../../src/entry/model.ts";

const { tf } = await startEngine();

/** The inputs of a random batch, read and disposed. */
export function draw(model: LayersModel, options?: RandomBatchOptions) {
  const batch = randomBatch(model, options);
  const inputs = [batch.inputs].flat().map((tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype,
    values: Array.from(tensor.dataSync()),
  }));
  tf.dispose([batch.inputs, batch.targets ?? []].flat());
  return inputs;
}
