import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Network } from "./network/network.ts";
import { figure, layerName, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** What rows that hardly vary do to a gradient that layer normalisations hand down. */
export interface FlatRows {
  /** The normalisations that are fed such rows, in the order of the forward pass. */
  normalizations: LayerMeasurements[];
  /** By how much they enlarge the gradient of such a row together: the product of 1 / sqrt(epsilon). */
  factor: number;
}

/**
 * The layer normalisations between two layers that are fed rows that hardly vary, as padding does not: they divide
 * by the deviation of a row and sqrt(epsilon), and there is no deviation. `null` where there are none.
 */
export function flatRowsBetween(
  first: LayerMeasurements | null,
  last: LayerMeasurements | null,
  { layers, graph }: Network,
): FlatRows | null {
  const normalizations = layers.filter((layer) =>
    (layer.flatRows ?? 0) > 0 && (first === null || graph.isBelow(first, layer)) &&
    (last === null || graph.isBelow(layer, last))
  );
  if (normalizations.length === 0) return null;
  const factor = normalizations.reduce((product, layer) => product * enlarges(layer), 1);
  return { normalizations, factor };
}

/** What to do about such rows. */
export function flatRowsAdvice({ normalizations: [first] }: FlatRows): Sentence {
  return say`${number(first.flatRows!, "percent")} of the rows that ${
    layerName(first.name)
  } normalises do not vary, and it multiplies their gradient by up to ${
    figure(enlarges(first), "1 / sqrt(epsilon)")
  }: mask rows that are padding, or add a position or a bias to them.`;
}

/** The optimizers that take a gradient as large as it is; others divide it by its size. */
const AS_IT_IS = ["SGD", "Momentum"];

/**
 * Whether a model that such rows give a large gradient is compiled with an optimizer that takes it as it is. Others
 * soon move the biases, and with them the rows: of 11 such networks all train with Adam, 4 of them not with SGD.
 */
export function takesGradientAsItIs({ optimizer }: Measurements): boolean {
  return optimizer !== undefined && AS_IT_IS.includes(optimizer.name);
}

const enlarges = ({ settings }: LayerMeasurements) => 1 / Math.sqrt(settings?.epsilon ?? 1);
