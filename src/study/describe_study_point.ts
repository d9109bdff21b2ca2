import { type Network, networkOf } from "../rules/network/network.ts";
import type { Measurements, TensorStatistics } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { GridPoint, StudyLayer, StudyPoint } from "./grid_point.ts";
import { studyRules } from "./study_options.ts";

/** Judges the measurements of a point, and keeps the figures that a study shows. */
export function describeStudyPoint(point: GridPoint, measurements: Measurements): StudyPoint {
  const { layers, objective, batch } = measurements;
  // The rules share this view of the measurements.
  const network = networkOf(measurements);
  const failed = studyRules()
    .filter(({ run, study }) =>
      run(measurements).some(({ severity }) =>
        severity === "error" || severity === "warning" && study!.failsOnWarnings
      )
    )
    .map(({ name }) => name);
  const kernels = new Map(network.chain.map((kernel) => [kernel.layer, kernel]));
  return {
    ...point,
    objective: objective.value,
    deltaRatio: deltaRatio(network),
    inputRms: batch.inputs.rms,
    plain: typeof network.plain !== "string",
    healthy: failed.length === 0,
    failed,
    layers: layers.map((layer): StudyLayer => {
      const weight = layer.weights.find(isKernel);
      const gradients = weight?.gradientsOfUsedRows ?? weight?.gradients ?? null;
      const kernel = kernels.get(layer);
      return {
        name: layer.name,
        role: layer.role,
        activation: kernel?.activation ?? layer.activation,
        sigma: kernel?.sigma ?? null,
        gradient: figure(gradients, "meanAbs"),
        delta: figure(layer.preActivationGradients, "meanAbs"),
        deltaNorm: figure(layer.preActivationGradients, "l2"),
        meanActivation: figure(layer.activations, "meanAbs"),
        saturated: layer.saturatedFraction,
        dead: layer.deadFraction,
        zeroGradients: gradients?.zeroFraction ?? null,
        zeroDeltas: layer.preActivationGradients?.zeroFraction ?? null,
        zeroActivations: layer.activations?.zeroFraction ?? null,
      };
    }),
  };
}

/**
 * Returns a figure of a tensor; NaN if the tensor has NaN or infinity, since the statistics leave
 * these out.
 */
function figure(statistics: TensorStatistics | null, name: "meanAbs" | "l2"): number | null {
  if (statistics === null) return null;
  return statistics.nonFinite > 0 ? NaN : statistics[name];
}

function deltaRatio(network: Network): number | null {
  const path = network.signalPath();
  if (path.length < 2) return null;
  const [first, last] = [path[0], path[path.length - 1]].map(({ layer }) =>
    figure(layer.preActivationGradients, "l2")!
  );
  // 0 / 0 is not a ratio: without a signal nothing is lost.
  return last === 0 ? null : first / last;
}
