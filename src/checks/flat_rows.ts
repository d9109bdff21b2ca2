import type { LayerMeasurements } from "../measure/measurements.ts";
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

const enlarges = ({ settings }: LayerMeasurements) => 1 / Math.sqrt(settings?.epsilon ?? 1);
