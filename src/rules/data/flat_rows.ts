import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { NetworkView } from "../network/network_view.ts";
import { figure, layerName, number, say } from "../say.ts";
import type { Sentence } from "../sentence.ts";

/** Effect of nearly constant rows on a gradient that passes through layer normalisations. */
export interface FlatRows {
  /** Normalisations that receive such rows, in the order of the forward pass. */
  normalizations: LayerMeasurements[];
  /**
   * Largest factor by which they enlarge the gradient of such a row: the product of 1 /
   * sqrt(epsilon).
   */
  factor: number;
}

/**
 * Finds layer normalisations between two layers that receive nearly constant rows, such as padding.
 * They divide by the standard deviation of a row, which is then only sqrt(epsilon). Returns `null`
 * if there are none.
 */
export function flatRowsBetween(
  first: LayerMeasurements | null,
  last: LayerMeasurements | null,
  { layers, graph }: NetworkView,
): FlatRows | null {
  const normalizations = layers.filter((layer) =>
    (layer.flatRows ?? 0) > 0 && (first === null || graph.isBelow(first, layer)) &&
    (last === null || graph.isBelow(layer, last))
  );
  if (normalizations.length === 0) return null;
  const factor = normalizations.reduce((product, layer) => product * enlarges(layer), 1);
  return { normalizations, factor };
}

/** Returns the fix about such rows. */
export function flatRowsFix({ normalizations: [first] }: FlatRows): Sentence {
  return say`${number(first.flatRows!, "percent")} of the rows that ${
    layerName(first.name)
  } normalises do not vary, and it multiplies their gradient by up to ${
    figure(enlarges(first), "1 / sqrt(epsilon)")
  }: mask rows that are padding, or add a position or a bias to them.`;
}

const enlarges = ({ settings }: LayerMeasurements) => 1 / Math.sqrt(settings?.epsilon ?? 1);
