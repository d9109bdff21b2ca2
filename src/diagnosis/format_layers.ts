import { layerNames } from "../checks/say.ts";
import { sayPlain } from "../checks/sentence.ts";

/** Layers of a model as sentences need them. */
export type NamedLayers = readonly { name: string; className: string }[];

/** Returns a short list of layers, with a run of neighbours as `dense_2 ... dense_10`. */
export function formatLayers(names: readonly string[], among: NamedLayers): string {
  return sayPlain([layerNames(names, among)]);
}
