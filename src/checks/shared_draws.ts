import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { Verdict } from "./judge.ts";
import { layerNames, say } from "./say.ts";

/** Entries that a kernel must have: two draws of fewer might agree in all sums. */
const MIN_ENTRIES = 16;
/** Share of zeros from which on a kernel was not drawn entry by entry: an identity, for instance. */
const MAX_ZERO_SHARE = 0.5;

/**
 * Warns of layers whose kernels are the same numbers: one seed, or one initialiser with a seed, serves them all. Kernels
 * count as the same if they have one shape and sums that agree to the last bit.
 *
 * @param layers The layers to judge.
 * @param all All layers of the model.
 */
export function sharedDraws(
  layers: readonly LayerMeasurements[],
  all: readonly LayerMeasurements[],
): Verdict[] {
  const drawn = layers.flatMap((layer) =>
    layer.weights.filter((weight) => isKernel(weight) && isDrawn(weight))
      .map((weight) => ({ layer: layer.name, key: drawOf(weight) }))
  );
  return [...Map.groupBy(drawn, ({ key }) => key).values()].flatMap((alike): Verdict[] => {
    const names = [...new Set(alike.map(({ layer }) => layer))];
    if (names.length < 2) return [];
    return [{
      severity: "warning",
      kind: "shared-draw",
      layer: names[0],
      layers: names,
      measured: names.length,
      expected: "a kernel of its own for each layer",
      message: say`${layerNames(names, all)} start with the same kernel: one seed is used for all.`,
      advice: "Give the initialiser of each layer a seed of its own.",
    }];
  });
}

function isDrawn({ trainable, values }: WeightMeasurements): boolean {
  // Random numbers never have a mean of exactly 0.
  return trainable && values.nonFinite === 0 && values.mean !== 0 &&
    values.std > 1e-12 * values.maxAbs && values.count >= MIN_ENTRIES &&
    values.zeroFraction < MAX_ZERO_SHARE;
}

function drawOf({ shape, values }: WeightMeasurements): string {
  const { mean, std, meanAbs, maxAbs } = values;
  return JSON.stringify([shape, mean, std, meanAbs, maxAbs]);
}
