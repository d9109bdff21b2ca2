import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { formatLayers } from "../fix_words.ts";
import { isOf } from "./shared.ts";

/**
 * Returns normalisations whose gamma of 0 gets no gradient, since a relu follows within the branch:
 * its slope at 0 is 0, so the branch stays off. A gamma of 0 right before the addition learns.
 */
export function zeroScales({ measurements: { layers }, network: { graph } }: Patient): Suspect[] {
  // Behind a head that sends nothing down, every gamma is without a gradient.
  const isSent = (layer: LayerMeasurements) =>
    graph.outputsOf(layer).some(({ activationGradients: sent }) => (sent?.maxAbs ?? 0) > 0);
  const found = layers.flatMap((layer) => {
    const gamma = deadGamma(layer);
    return gamma === undefined || !isSent(layer) ? [] : [{ layer: layer.name, weight: gamma.name }];
  });
  if (found.length === 0) return [];
  const names = found.map(({ layer }) => layer);
  const isOne = names.length === 1;
  return [{
    kind: "zero-scale",
    layers: names,
    message:
      `The gamma of ${formatLayers(names, layers)} is 0, and the activation behind it has no ` +
      `slope at 0: ${isOne ? "this branch stays" : "these branches stay"} off and never train.`,
    states: [],
    explains: isOf("gradients-flow", "vanishing-gradients", "dead-units"),
    fixes: [{ kind: "set-bias", value: 1, weights: found }],
  }];
}

function deadGamma({ kind, weights }: LayerMeasurements): WeightMeasurements | undefined {
  if (kind !== "normalization") return undefined;
  return weights.find(({ name, trainable, values, gradients }) =>
    /\/gamma(_\d+)?$/.test(name) && trainable && values.maxAbs === 0 && gradients?.maxAbs === 0
  );
}
