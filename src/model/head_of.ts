import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { LayerKind } from "../traits/layers.ts";

/** Layers that only pass on entries of their input. */
const WITHIN: readonly LayerKind[] = ["passesOn", "selects", "resamples"];

type SymbolicTensor = LayersModel["outputs"][number];

/**
 * Returns the name of the activation at the end of an output, or the class of its layer if it has
 * none. Looks through layers that only reshape, nested models, and `TimeDistributed`.
 */
export function headOf(output: SymbolicTensor): string {
  const { sourceLayer, nodeIndex, tensorIndex } = output;
  const { outputs } = sourceLayer as unknown as { outputs?: SymbolicTensor[] };
  if (Array.isArray(outputs)) return headOf(outputs[tensorIndex]);
  if (WITHIN.includes(layerTraits(sourceLayer.getClassName()).kind)) {
    const [before] = sourceLayer.inboundNodes[nodeIndex].inputTensors;
    // In TensorFlow.js, an input layer has its output as its input.
    if (before !== output) return headOf(before);
  }
  return activationOf(sourceLayer);
}

function activationOf(layer: Layer): string {
  const { activation, layer: inner } = layer as unknown as {
    activation?: { getClassName?(): string };
    layer?: Layer;
  };
  const className = layer.getClassName();
  if (className === "TimeDistributed" && inner !== undefined) return activationOf(inner);
  return activation?.getClassName?.() ?? layerTraits(className).activation ?? className;
}
