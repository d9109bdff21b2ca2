import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { frontLayers } from "./front_layers.ts";

/** A picture has numbers below this. */
export const PIXEL_VALUES = 256;

/**
 * For each input of a model, whether it takes the numbers of a picture, from 0 to 255: everything that sees it first is
 * a `Rescaling` that brings these to about 1, whatever comes after it.
 *
 * @param model A built model.
 */
export function takesPixels(model: LayersModel): boolean[] {
  return frontLayers(model, () => true, "first").map((layers) =>
    layers !== null && layers.every(scalesPixels)
  );
}

/** Whether a layer makes about 1 of 255: from 0.5 (half of it) to 4 (from -2 to 2). */
function scalesPixels(layer: Layer): boolean {
  const { scale } = layer as unknown as { scale?: unknown };
  if (layer.getClassName() !== "Rescaling" || typeof scale !== "number") return false;
  const largest = (PIXEL_VALUES - 1) * Math.abs(scale);
  return largest >= 0.5 && largest <= 4;
}
