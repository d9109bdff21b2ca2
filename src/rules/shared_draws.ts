import { varies } from "./network/constant_values.ts";
import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { Verdict } from "./finding.ts";
import { layerNames, say } from "./say.ts";

/** Number of entries that a kernel needs: all sums of two smaller draws might agree. */
const MIN_ENTRIES = 16;
/** Smallest share of zeros at which a kernel, such as an identity, was not drawn entry by entry. */
const MAX_ZERO_SHARE = 0.5;

/**
 * Warns about layers whose kernels are identical, because one seed or one seeded initialiser serves
 * them all. Kernels count as identical if they have the same shape and their sums agree to the last
 * bit.
 */
export function sharedDraws(
  layers: readonly LayerMeasurements[],
  all: readonly LayerMeasurements[],
): Verdict[] {
  // A LayerScale, or RWKV's mix of tokens, starts with the same numbers in each block by design.
  const drawn = layers.filter(({ kind }) => kind !== "rescaling").flatMap((layer) =>
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
      expected: "a different kernel for each layer",
      message: say`${layerNames(names, all)} start with the same kernel: one seed is used for all.`,
      fix: "Give the initialiser of each layer its own seed.",
    }];
  });
}

function isDrawn({ trainable, values }: WeightMeasurements): boolean {
  // Random numbers never have a mean of exactly 0.
  return trainable && values.nonFinite === 0 && values.mean !== 0 &&
    varies(values) && values.count >= MIN_ENTRIES &&
    values.zeroFraction < MAX_ZERO_SHARE;
}

function drawOf({ shape, values }: WeightMeasurements): string {
  const { mean, std, meanAbs, maxAbs } = values;
  return JSON.stringify([shape, mean, std, meanAbs, maxAbs]);
}
