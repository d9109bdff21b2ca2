import { formatNumber, formatShare } from "../words/numbers.ts";
import type { Finding } from "../checks/finding.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { BarChartRow } from "./bar_chart.ts";

/** The three figures of a layer that a report draws. */
export type LayerFigure = "gradient" | "activation" | "delta";

/** The rows of a chart, and which layers have none, by the reason. */
export interface LayerRows {
  /** One row a layer. */
  rows: (BarChartRow & { columns: Record<string, string> })[];
  /** Names of the layers that the figure does not apply to. */
  left: Map<string, string[]>;
}

/** The bars of one figure over the layers. */
export function layerRows(
  layers: Measurements["layers"],
  findings: readonly Finding[],
  figure: LayerFigure,
): LayerRows {
  const marks = marksOf(findings);
  const rows: LayerRows["rows"] = [];
  const left = new Map<string, string[]>();
  for (const layer of layers) {
    const { statistics, reason, applies } = sources[figure](layer);
    if (!applies) {
      left.set(reason, [...left.get(reason) ?? [], layer.name]);
      continue;
    }
    rows.push({
      ...barOf(statistics, reason),
      label: layer.name,
      mark: marks.get(layer.name),
      columns: columnsOf(layer, statistics, figure),
    });
  }
  // A column without a zero in it says nothing about zeros.
  const zeros = rows.some(({ columns }) => columns.zero !== "" && columns.zero !== "0%");
  if (!zeros) rows.forEach(({ columns }) => columns.zero = "");
  return { rows, left };
}

interface Source {
  statistics: TensorStatistics | null;
  /** Why there are no statistics. */
  reason: string;
  /** Whether the layer could have had some. */
  applies: boolean;
}

const sources: Record<LayerFigure, (layer: LayerMeasurements) => Source> = {
  gradient({ weights }) {
    // A normalisation has no kernel, but has weights.
    const kernel = weights.find(isKernel) ?? weights.at(0);
    if (kernel === undefined) return { statistics: null, reason: "no weights", applies: false };
    return {
      statistics: kernel.gradientsOfUsedRows ?? kernel.gradients,
      reason: kernel.absent.gradients ?? "no gradient",
      applies: true,
    };
  },
  activation: ({ activations, absent }) => ({
    statistics: activations,
    reason: absent.activations ?? "not measured",
    applies: true,
  }),
  delta: ({ preActivations, preActivationGradients, absent }) => ({
    statistics: preActivationGradients,
    reason: absent.preActivationGradients ?? absent.preActivations ?? "no pre-activation",
    applies: preActivations !== null || preActivationGradients !== null,
  }),
};

function barOf(
  statistics: TensorStatistics | null,
  reason: string,
): Pick<BarChartRow, "value" | "figure" | "reason"> {
  if (statistics === null) return { value: null, reason };
  const { count, nonFinite, meanAbs } = statistics;
  if (nonFinite === 0) return { value: meanAbs };
  // The mean is over the finite entries alone: as a bar it would look like a healthy layer.
  const rest = nonFinite < count ? `, the others ${formatNumber(meanAbs)}` : "";
  return {
    value: NaN,
    figure: "NaN/Inf",
    reason: `${nonFinite} of ${count} are NaN or infinite${rest}`,
  };
}

function columnsOf(
  { saturatedFraction, deadFraction }: LayerMeasurements,
  statistics: TensorStatistics | null,
  figure: LayerFigure,
): Record<string, string> {
  const share = (fraction: number | null) => fraction === null ? "" : formatShare(fraction);
  const isActivation = figure === "activation";
  return {
    sat: isActivation ? share(saturatedFraction) : "",
    dead: isActivation ? share(deadFraction) : "",
    zero: share(statistics?.zeroFraction ?? null),
  };
}

function marksOf(findings: readonly Finding[]): Map<string, "error" | "warning"> {
  const marks = new Map<string, "error" | "warning">();
  for (const { layer, layers, severity } of findings) {
    if (severity === "note") continue;
    for (const name of layers ?? [layer ?? ""]) {
      if (marks.get(name) !== "error") marks.set(name, severity);
    }
  }
  return marks;
}
