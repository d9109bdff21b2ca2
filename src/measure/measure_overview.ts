import { isKernel } from "../theory/weight_kinds.ts";
import { formatCount, formatNumber, formatShare } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { LayerMeasurements, Measurements } from "./measurements.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

/** Makes measurements print and show themselves, with a line per layer. */
export function shownMeasurements(measurements: Measurements): Measurements {
  return withOverview(measurements, overview, { of: "measurements", given: () => measurements });
}

function overview({ model, batch, objective, layers }: Measurements): Overview {
  return {
    title: `${model.name}: ${formatCount(model.layers, "layer")}, ${
      formatCount(model.parameters, "parameter")
    }; ${formatCount(batch.examples, "example")}; J = ${
      formatNumber(objective.value)
    } (${objective.name})`,
    columns: [
      ...["layer", "class", "activation", "mean |dJ/dkernel|", "mean |a|", "mean |delta|"],
      ...["stuck", "dead"],
    ],
    rows: layers.map((layer) => [
      ...[layer.name, layer.className, layer.activation],
      ...[gradientOf(layer), layer.activations, layer.preActivationGradients].map(meanOf),
      ...[layer.saturatedFraction, layer.deadFraction].map((share) =>
        share === null ? null : formatShare(share)
      ),
    ]),
  };
}

function gradientOf({ weights }: LayerMeasurements): TensorStatistics | null {
  const kernel = weights.find(isKernel) ?? weights.at(0);
  return kernel?.gradientsOfUsedRows ?? kernel?.gradients ?? null;
}

/**
 * Returns the mean of the magnitudes; NaN if an entry is not finite, since the mean is over the
 * others.
 */
function meanOf(statistics: TensorStatistics | null): number | null {
  if (statistics === null) return null;
  return statistics.nonFinite > 0 ? NaN : statistics.meanAbs;
}
