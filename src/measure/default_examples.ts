import type { LayersModel } from "../engine/tensorflow.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { batchShapes } from "../model/shapes.ts";
import { fittingExamples } from "./plan_memory.ts";

/** Number of examples drawn by default. */
const EXAMPLES = 32;

/**
 * Returns the number of examples to draw for a model by default: 32, halved until the pass fits the
 * WASM heap in one go, but at least 1. A model built for a fixed batch size gets that size.
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
