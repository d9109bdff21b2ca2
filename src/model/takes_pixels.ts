import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { frontLayers } from "./front_layers.ts";

/** Number of values of a pixel. */
export const PIXEL_VALUES = 256;

/**
 * Returns, for each input of a model, true if it takes pixels from 0 to 255: every layer that reads
 * it first is a `Rescaling` that brings these to about 1, whatever follows.
 *
 * @param model A built model.
 */
export function takesPixels(model: LayersModel): boolean[] {
  return frontLayers(model, () => true, "first").map((layers) =>
    layers !== null && layers.every(scalesPixels)
  );
}

/** Returns true if a layer scales 255 to about 1: to 0.5 (half of it) up to 4 (from -2 to 2). */
function scalesPixels(layer: Layer): boolean {
  const { scale } = layer as unknown as { scale?: unknown };
  if (layer.getClassName() !== "Rescaling" || typeof scale !== "number") return false;
  const largest = (PIXEL_VALUES - 1) * Math.abs(scale);
  return largest >= 0.5 && largest <= 4;
}
