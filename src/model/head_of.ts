import type { Layer, LayersModel } from "../engine/tensorflow.ts";

/** Layers that hand on the entries they get, in another shape or order. */
const PASSING = new Set(["Dropout", "Flatten", "Permute", "RepeatVector", "Reshape"]);

type SymbolicTensor = LayersModel["outputs"][number];

/**
 * What an output ends in: its activation, as that is called, or the class of its layer where that has
 * none. Looks through layers that only reshape, nested models, and `TimeDistributed`.
 */
export function headOf({ sourceLayer, nodeIndex, tensorIndex }: SymbolicTensor): string {
  const { outputs } = sourceLayer as unknown as { outputs?: SymbolicTensor[] };
  if (Array.isArray(outputs)) return headOf(outputs[tensorIndex]);
  if (PASSING.has(sourceLayer.getClassName())) {
    return headOf(sourceLayer.inboundNodes[nodeIndex].inputTensors[0]);
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
  return activation?.getClassName?.() ?? NAMES[className] ?? className;
}

/** Layers that are an activation, by the name of that. */
const NAMES: Record<string, string> = { ReLU: "relu", Softmax: "softmax" };
