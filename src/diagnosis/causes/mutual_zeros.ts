import { isZero } from "../../checks/network/no_gradient.ts";
import { mutualZeros as zerosWithin } from "../../checks/zero_gradient_cause.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { fans } from "../../theory/fans.ts";
import { initializerStd } from "../../theory/initializer_std.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Patient, Suspect } from "../suspect.ts";

/** Kernel of zeros without a gradient. */
interface Zeros {
  layer: LayerMeasurements;
  weight: WeightMeasurements;
}

/**
 * Returns kernels of zeros that are multiplied with each other, as those of queries and keys are:
 * each keeps the gradient from the other, so that neither ever moves. They are in one layer, or in
 * two that the same layer reads.
 */
export function mutualZeros(patient: Patient): Suspect[] {
  const { measurements, network, findings } = patient;
  const within = measurements.layers.flatMap((layer) => {
    const names = zerosWithin(layer, measurements);
    const zeros = layer.weights.filter(({ name }) => names.includes(name));
    return zeros.length > 1 ? [zeros.map((weight) => ({ layer, weight }))] : [];
  });
  const between = measurements.layers
    .filter(({ kind }) => kind === "merge" || kind === "opaque")
    .map((reader) =>
      network.graph.inputsOf(reader).map((fed) => weighted(fed, network)).flatMap(zeroKernelOf)
    )
    .filter((zeros) => zeros.length > 1);
  const zeros = [...within, ...between].flat();
  if (zeros.length === 0) return [];
  const [first, second, ...others] = zeros.map(({ weight }) => weight.name);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const layers = [...new Set(zeros.map(({ layer }) => layer.name))];
  const isNamed = ({ layer, layers: all }: (typeof findings)[number]) =>
    (all ?? [layer]).every((name) => name !== null && layers.includes(name));
  return [{
    kind: "mutual-zeros",
    layers,
    message: `${first} and ${second}${more} are all zeros, and what they put out is multiplied ` +
      `with each other: each keeps the gradient from the other, so they stay at 0.`,
    states: findings.filter((finding) =>
      ["gradients-flow", "symmetry", "init-scale"].includes(finding.rule) &&
      finding.severity !== "note" && isNamed(finding)
    ),
    explains: (finding) => finding.rule === "vanishing-gradients" && isNamed(finding),
    cures: [{
      kind: "redraw",
      initializer: "leCunUniform",
      weights: zeros.map(({ layer, weight }) => ({
        layer: layer.name,
        weight: weight.name,
        std: initializerStd("lecun", fans(weight.shape, layer.kernelLayout)),
      })),
    }],
  }];
}

/**
 * Returns the layer whose weights made a layer's output: there may be a flatten behind an
 * embedding.
 */
function weighted(layer: LayerMeasurements, { graph }: Patient["network"]): LayerMeasurements {
  // A layer that is called again may read itself.
  const seen = new Set<LayerMeasurements>();
  let made = layer;
  while (made.weights.length === 0 && !seen.has(made)) {
    seen.add(made);
    const [before, ...others] = graph.inputsOf(made);
    if (before === undefined || others.length > 0) break;
    made = before;
  }
  return made;
}

/** Returns the kernel of zeros of a layer that outputs zeros and receives no gradient. */
function zeroKernelOf(layer: LayerMeasurements): Zeros[] {
  const { weights, activations, activationGradients: sent } = layer;
  if (activations?.maxAbs !== 0 || sent?.maxAbs !== 0) return [];
  return weights
    .filter((weight) => isKernel(weight) && weight.values.maxAbs === 0 && isZero(weight))
    .map((weight) => ({ layer, weight }));
}
