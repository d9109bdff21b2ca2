import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { figure, layerName, number, say, type Sentence } from "../say.ts";
import type { NetworkView } from "./network_view.ts";

/**
 * Factor around a standard deviation of 1 within which a normalisation has divided by its input.
 */
const NORMALISED = 3;

/**
 * Returns true if the size of the only input makes no difference: every kernel that sees it is
 * followed by a normalisation that divides by it, as in a ResNet, whose pictures have values up to
 * 151.
 */
export function absorbsInputScale({ layers, chain, measurements }: NetworkView): boolean {
  if (measurements.batch.perInput.length !== 1) return false;
  const first = layers.filter(({ depth, weights }) => depth === 1 && weights.some(isKernel));
  return first.length > 0 && first.every((layer) => {
    const kernel = chain.find((one) => one.layer === layer);
    const deviation = kernel?.normalizedDeviation ?? 0;
    return kernel?.normalized === true && deviation < NORMALISED && deviation > 1 / NORMALISED;
  });
}

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
