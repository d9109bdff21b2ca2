import type { LayerMeasurements, Measurements, TensorStatistics } from "../measure/measurements.ts";

/**
 * Returns the measurements without histograms. A rule judges any histograms that it finds. A format
 * that shows histograms must not change the verdict, so the findings are the same in every format.
 *
 * @returns A copy; the same object if no histograms were measured, so that results cached for its
 * network stay valid.
 */
export function withoutHistograms(measurements: Measurements): Measurements {
  const { layers } = measurements;
  const isBare = layers.flatMap(statisticsOf).every((one) =>
    one?.exponents === undefined && one?.bins === undefined
  );
  return isBare ? measurements : { ...measurements, layers: layers.map(bare) };
}

function statisticsOf(layer: LayerMeasurements): (TensorStatistics | null)[] {
  return [
    layer.preActivations,
    layer.activations,
    layer.activationGradients,
    layer.preActivationGradients,
    ...layer.weights.flatMap(({ values, gradients, gradientsOfUsedRows }) => [
      values,
      gradients,
      gradientsOfUsedRows,
    ]),
  ];
}

function bare({ alikeness: _, ...layer }: LayerMeasurements): LayerMeasurements {
  return {
    ...layer,
    preActivations: plain(layer.preActivations),
    activations: plain(layer.activations),
    activationGradients: plain(layer.activationGradients),
    preActivationGradients: plain(layer.preActivationGradients),
    weights: layer.weights.map((weight) => ({
      ...weight,
      values: plain(weight.values)!,
      gradients: plain(weight.gradients),
      gradientsOfUsedRows: plain(weight.gradientsOfUsedRows),
    })),
  };
}

function plain(statistics: TensorStatistics | null): TensorStatistics | null {
  if (statistics === null) return null;
  const { exponents: _, bins: _bins, ...rest } = statistics;
  return rest;
}
