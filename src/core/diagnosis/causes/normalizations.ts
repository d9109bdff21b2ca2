import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { normalizesOneUnit } from "../../rules/signal/zero_gradients.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { formatLayers } from "../fix_words.ts";
import { isConsequence, isOf } from "./shared.ts";

/**
 * Returns moving statistics that do not fit the batch: inference then computes values that no
 * training step has seen.
 */
export function coldStatistics({ network, measurements: { layers } }: Patient): Suspect[] {
  const names = network.cold.map(({ name }) => name);
  if (names.length === 0) return [];
  const which = formatLayers(names, layers);
  return [{
    kind: "cold-statistics",
    layers: names,
    message:
      `The moving statistics of ${which} are not warm yet, or those of other data: they do ` +
      `not normalise this batch, so that what is measured in inference is not what training sees.`,
    states: [],
    explains: isConsequence,
    fixes: [{
      kind: "rebuild",
      what: `Train for more steps, lower the momentum of ${which} (0.9 is warm after some 50 ` +
        `steps, 0.999 after some 5000), or measure with batchNormalization: "training".`,
    }],
  }];
}

/**
 * Returns layer normalisations over one unit, which output 0 whatever their input, so that the
 * layers behind them do not see the example.
 */
export function singleUnits({ measurements: { layers } }: Patient): Suspect[] {
  const found = layers.filter(normalizesOneUnit);
  if (found.length === 0) return [];
  const names = found.map(({ name }) => name);
  const which = formatLayers(names, layers);
  const isOne = found.length === 1;
  return [{
    kind: "single-unit",
    layers: names,
    message: `${which} ${isOne ? "normalises" : "normalise"} a single unit, which makes 0 of it: ` +
      `what follows sees nothing of the example.`,
    states: [],
    // Kernels that are fed zeros look as if they were drawn too small.
    explains: (finding) => isConsequence(finding) || finding.rule === "init-scale",
    fixes: [{
      kind: "rebuild",
      what: `Remove ${which}, or put ${isOne ? "it" : "them"} before a wider layer: of one unit ` +
        `${isOne ? "it makes" : "they make"} 0.`,
    }],
  }];
}

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
