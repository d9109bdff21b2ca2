import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { innerLayers } from "./inner_layers.ts";

/** The whole numbers that an input takes: from `from` to below `to`. */
export interface InputRange {
  /** The smallest. */
  from: number;
  /** One more than the largest. */
  to: number;
}

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that hand on the entries they get, in another shape or order. */
const PASSING = new Set([
  "Concatenate",
  "Dropout",
  "Flatten",
  "Permute",
  "RepeatVector",
  "Reshape",
  "SpatialDropout1D",
]);

/** What a layer looks its entries up in, or `null` if it calculates with them. */
function lookUp(layer: Layer): InputRange | null {
  const parts = layer as unknown as { inputDim: number; maskZero?: boolean; numTokens: number };
  switch (layer.getClassName()) {
    case "Embedding":
      // With maskZero, 0 stands for no entry at all.
      return { from: parts.maskZero && parts.inputDim > 1 ? 1 : 0, to: parts.inputDim };
    case "CategoryEncoding":
      return { from: 0, to: parts.numTokens };
    default:
      return null;
  }
}

/** Everything that the entries of a tensor are looked up in. */
function consumers(tensor: SymbolicTensor): InputRange[] {
  return tensor.sourceLayer.outboundNodes.flatMap((node) => {
    const position = node.inputTensors.indexOf(tensor);
    if (position === -1) return [];
    const layer = node.outboundLayer;
    const own = lookUp(layer);
    if (own !== null) return [own];
    if (PASSING.has(layer.getClassName())) return node.outputTensors.flatMap(consumers);
    const inner = innerLayers(layer);
    if (inner === null) return [];
    // A nested model goes on from an input of its own; a wrapper has none.
    const inputs = (layer as unknown as { inputs?: SymbolicTensor[] }).inputs;
    if (Array.isArray(inputs)) return consumers(inputs[position]);
    return inner.map(lookUp).filter((range) => range !== null);
  });
}

/**
 * For each input of a model, the whole numbers that it takes because an embedding looks them up, or
 * `null` for an input of any numbers. Looks through layers that only reshape, and nested models.
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
