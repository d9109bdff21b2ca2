import type { LayersModel } from "../engine/tensorflow.ts";
import { setWeights } from "../core/model/weights/model_weights.ts";
import { splitAttentions, torchLayers } from "../files/torch_layers.ts";
import type { WeightsFile } from "../files/weights_file.ts";
import { modelUnits } from "./model_units.ts";
import { pairLayers } from "./pair_layers.ts";

/**
 * Gives the layers of a model the weights of a file that PyTorch wrote.
 *
 * @returns The layers of the model, in its order, each with the layer of the file whose weights it got.
 * @throws {ModelError} If the pairing is ambiguous, or the layers are others; then nothing is set.
 */
export function giveWeights(
  model: LayersModel,
  { tensors, format }: Pick<WeightsFile, "tensors" | "format">,
): { layer: string; from: string }[] {
  const layers = splitAttentions(torchLayers(tensors));
  const pairs = pairLayers(modelUnits(model), layers, { isOrdered: format === "PyTorch" });
  const values = pairs.flatMap(({ unit, offer }) =>
    Object.entries(offer.give(unit)).map(([own, entries]) => [unit.weights.get(own)!, entries])
  );
  setWeights(model, Object.fromEntries(values));
  return pairs.map(({ unit, layer }) => ({ layer: unit.path, from: layer.name }));
}
