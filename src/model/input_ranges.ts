import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { LayerKind } from "../traits/layers.ts";
import { innerLayers } from "./inner_layers.ts";

/** Whole numbers that an input takes: from `from` to below `to`. */
export interface InputRange {
  /** Smallest number. */
  from: number;
  /** Largest number plus one. */
  to: number;
}

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that pass on their input's entries, in another shape or order. */
const PASSING: readonly LayerKind[] = ["passesOn", "selects", "concatenation"];

interface Parts {
  inputDim: number;
  maskZero?: boolean;
  numTokens: number;
  settings?: { calledWith?: readonly string[] };
}

/**
 * Returns the range in which a layer looks up the entries of one of its inputs, or `null` if it
 * calculates with them.
 */
function lookUp(layer: Layer, position = 0): InputRange | null {
  const parts = layer as unknown as Parts;
  // An attention also takes masks.
  if (parts.settings?.calledWith?.[position]?.endsWith("Mask")) return { from: 0, to: 2 };
  switch (layer.getClassName()) {
    case "Embedding":
      // With maskZero, 0 marks a missing entry.
      return { from: parts.maskZero && parts.inputDim > 1 ? 1 : 0, to: parts.inputDim };
    case "CategoryEncoding":
      return { from: 0, to: parts.numTokens };
    default:
      return null;
  }
}

/** Returns all ranges in which the entries of a tensor are looked up. */
function consumers(tensor: SymbolicTensor): InputRange[] {
  const found: InputRange[] = [];
  // A model may be called on its own inputs, so the path may lead back to its start. Iteration over
  // a set includes entries added on the way.
  const seen = new Set([tensor]);
  for (const one of seen) {
    for (const node of one.sourceLayer.outboundNodes) {
      const position = node.inputTensors.indexOf(one);
      if (position === -1) continue;
      const layer = node.outboundLayer;
      const own = lookUp(layer, position);
      if (own !== null) found.push(own);
      else if (PASSING.includes(layerTraits(layer.getClassName()).kind)) {
        node.outputTensors.forEach((next) => seen.add(next));
      } else {
        // A nested model continues from its own input; a wrapper has none.
        const inputs = (layer as unknown as { inputs?: SymbolicTensor[] }).inputs;
        const inner = innerLayers(layer);
        if (inner !== null && Array.isArray(inputs)) seen.add(inputs[position]);
        else {found.push(
            ...(inner ?? []).map((one) => lookUp(one)).filter((range) => range !== null),
          );}
      }
    }
  }
  return found;
}

/**
 * Returns, for each input of a model, the whole numbers that it takes because an embedding looks
 * them up, or `null` for an input of any numbers. Looks through layers that only reshape, and
 * nested models.
 *
 * @param model A built model.
 */
export function inputRanges(model: LayersModel): (InputRange | null)[] {
  return model.inputs.map((input) => {
    const ranges = consumers(input);
    if (ranges.length === 0) return null;
    return {
      from: Math.max(...ranges.map((range) => range.from)),
      to: Math.min(...ranges.map((range) => range.to)),
    };
  });
}
