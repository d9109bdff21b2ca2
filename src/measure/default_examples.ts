import type { LayersModel } from "../engine/tensorflow.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { batchShapes } from "../model/shapes.ts";
import { fittingExamples } from "./plan_memory.ts";

/** How many examples are drawn where nobody says. */
const EXAMPLES = 32;

/**
 * How many examples to draw for a model by default: 32, halved until the pass fits the WASM heap in one go, but at
 * least 1. A model that is built for one size of batch gets that.
 *
 * @param model A built model.
 */
export function defaultExamples(model: LayersModel): number {
  const [{ shape: [fixed] }] = model.inputs;
  if (fixed !== null) return fixed;
  const layers = leafLayers(model).map(({ layer }) => layer);
  const inputs = batchShapes(model, { examples: 1 });
  const fitting = fittingExamples({ model, layers, containers: containerLayers(model), inputs });
  let examples = EXAMPLES;
  while (examples > fitting && examples > 1) examples /= 2;
  return examples;
}
