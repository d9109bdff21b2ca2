import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { LayerKind } from "../traits/layers.ts";
import { innerLayers } from "./inner_layers.ts";

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that hand on the entries they get: others of them, or in another shape, order or place. */
const PASSING: readonly LayerKind[] = ["passesOn", "selects", "resamples", "concatenation"];

/** Layers that scale what they get. */
const SCALING: readonly LayerKind[] = ["normalization", "rescaling"];

/**
 * For each input of a model, the layers at its front that scale it before anything is calculated with it:
 * `Rescaling` or a normalisation. Looks through layers that only reshape,
 * through augmentation, and into nested models.
 *
 * @param model A built model.
 * @param isPart Whether a layer without layers in it is part of the model: what it is made of may be part
 * of others as well.
 * @param which Which one of several in a row.
 * @returns The layers; `null` for an input that something else sees, or nothing.
 */
export function frontLayers(
  model: LayersModel,
  isPart: (layer: Layer) => boolean,
  which: "first" | "last" = "last",
): (Layer[] | null)[] {
  return model.inputs.map((input) => {
    const ends = endsOf(input, { isPart, which, seen: new Set() });
    return ends.length > 0 && ends.every((end) => end !== null) ? [...new Set(ends)] : null;
  });
}

interface Walk {
  isPart: (layer: Layer) => boolean;
  which: "first" | "last";
  seen: Set<SymbolicTensor>;
}

/** What scales a tensor, `null` for each layer that calculates with it as it is. */
function endsOf(tensor: SymbolicTensor, walk: Walk): (Layer | null)[] {
  const { isPart, which, seen } = walk;
  if (seen.has(tensor)) return [];
  seen.add(tensor);
  const follow = (tensors: SymbolicTensor[]) => tensors.flatMap((next) => endsOf(next, walk));
  return tensor.sourceLayer.outboundNodes.flatMap((node) => {
    const position = node.inputTensors.indexOf(tensor);
    if (position === -1) return [];
    const layer = node.outboundLayer;
    const { inputs } = layer as unknown as { inputs?: SymbolicTensor[] };
    if (Array.isArray(inputs)) {
      const inside = follow([inputs[position]]);
      // A nested model that only passes its input on, as augmentation does.
      return inside.length > 0 ? inside : follow(node.outputTensors);
    }
    const [own = layer, ...others] = innerLayers(layer) ?? [];
    if (!isPart(own)) return [];
    const kind = others.length === 0 ? layerTraits(own.getClassName()).kind : "container";
    if (PASSING.includes(kind)) return follow(node.outputTensors);
    if (!SCALING.includes(kind)) return [null];
    if (which === "first") return [own];
    const next = follow(node.outputTensors);
    return next.length > 0 && next.every((end) => end !== null) ? next : [own];
  });
}
