import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { LayerKind } from "../traits/layers.ts";
import { innerLayers } from "./inner_layers.ts";

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that pass on their input's entries: some of them, or in another shape, order or place. */
const PASSING: readonly LayerKind[] = ["passesOn", "selects", "resamples", "concatenation"];

/** Layers that scale their input. */
const SCALING: readonly LayerKind[] = ["normalization", "rescaling"];

/**
 * Finds, for each input of a model, the layers at its front that scale it before any other
 * computation: `Rescaling` or a normalisation. Looks through layers that only reshape, through
 * augmentation, and into nested models.
 *
 * @param model A built model.
 * @param isPart Returns true if a layer without inner layers is part of the model: the layers it is
 * made of may be part of others as well.
 * @param which Layer to return of several in a row.
 * @returns The layers; `null` for an input that another layer reads first, or none.
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

/** Returns the layers that scale a tensor, with `null` for each layer that uses it as it is. */
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
