import type { Finding } from "../checks/finding.ts";
import { explodingGradients, vanishingGradients } from "../checks/rules.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { formatNumber } from "../words/numbers.ts";
import { type Chart, type ChartAxis, type ChartBar, hasBar, placed } from "./chart_model.ts";

/** By what factor the signal may change from the last hidden layer to any other. */
export const SIGNAL_BAND = {
  from: vanishingGradients.thresholds.vanishingRatio.default,
  to: explodingGradients.thresholds.explodingRatio.default,
};

/** A series of a report. */
interface Series {
  title: string;
  about: string;
  /** What a layer has of it. */
  of: (layer: LayerMeasurements) => Source;
  /** Whether entries may be saturated and units dead: shares of outputs. */
  isOutput: boolean;
  /** Whether the values keep their size over the layers where the network is healthy. */
  isSignal: boolean;
}

interface Source {
  statistics: TensorStatistics | null;
  /** Why there are no statistics. */
  reason: string;
  /** Whether the layer could have had some. */
  applies: boolean;
}

const SERIES: readonly Series[] = [
  {
    title: "GRADIENTS, mean |dJ/dkernel|",
    about:
      "How much J changes with the layer's weights. Healthy: every layer within a few decades" +
      " of the others, none at 0.",
    of({ weights }) {
      // A normalisation has no kernel, but has weights.
      const kernel = weights.find(isKernel) ?? weights.at(0);
      if (kernel === undefined) return { statistics: null, reason: "no weights", applies: false };
      return {
        statistics: kernel.gradientsOfUsedRows ?? kernel.gradients,
        reason: kernel.absent.gradients ?? "no gradient",
        applies: true,
      };
    },
    isOutput: false,
    isSignal: false,
  },
  {
    title: "ACTIVATIONS, mean |a|",
    about: "How large the layer's outputs are. Healthy: much the same from layer to layer.",
    of: ({ activations, absent }) => ({
      statistics: activations,
      reason: absent.activations ?? "not measured",
      applies: true,
    }),
    isOutput: true,
    isSignal: false,
  },
  {
    title: "DELTAS, mean |dJ/dz|",
    about:
      "The error signal that reaches the layer on its way back. Healthy: from the last hidden" +
      ` layer to the first it neither fades nor grows by more than a factor of ${
        formatNumber(SIGNAL_BAND.to)
      }.`,
    of: ({ preActivations, preActivationGradients, absent }) => ({
      statistics: preActivationGradients,
      reason: absent.preActivationGradients ?? absent.preActivations ?? "no pre-activation",
      applies: preActivations !== null || preActivationGradients !== null,
    }),
    isOutput: false,
    isSignal: true,
  },
];

/** The charts of a report over some of its layers; a figure that none of them has is left out. */
export function reportCharts(
  layers: Measurements["layers"],
  findings: readonly Finding[],
  scale: ChartAxis["scale"],
): Chart[] {
  const marks = marksOf(findings);
  return SERIES.map((series) => seriesChart(series, layers, marks, scale))
    .filter(({ bars }) => bars.length > 0);
}

function seriesChart(
  { title, about, of, isOutput, isSignal }: Series,
  layers: Measurements["layers"],
  marks: Map<string, "error" | "warning">,
  scale: ChartAxis["scale"],
): Chart {
  const bars: Omit<ChartBar, "position">[] = [];
  const left: Chart["left"] = new Map();
  let last: number | null = null;
  for (const layer of layers) {
    const { statistics, reason, applies } = of(layer);
    if (!applies) {
      left.set(reason, [...left.get(reason) ?? [], layer.name]);
      continue;
    }
    const bar = { ...valueOf(statistics, reason), label: layer.name };
    if (layer.role === "hidden" && hasBar(bar.value)) last = bar.value;
    bars.push({
      ...bar,
      mark: marks.get(layer.name) ?? null,
      shares: {
        saturated: isOutput ? layer.saturatedFraction : null,
        dead: isOutput ? layer.deadFraction : null,
        zero: statistics?.zeroFraction ?? null,
      },
    });
  }
  const { from, to } = SIGNAL_BAND;
  const band = isSignal && last !== null ? { from: from * last, to: to * last } : null;
  return { title, about, band, left, ...placed(bars, scale) };
}

function valueOf(
  statistics: TensorStatistics | null,
  reason: string,
): Pick<ChartBar, "value" | "gap"> {
  if (statistics === null) return { value: null, gap: reason };
  const { count, nonFinite, meanAbs } = statistics;
  if (nonFinite === 0) return { value: meanAbs, gap: null };
  // The mean is over the finite entries alone: as a bar it would look like a healthy layer.
  const rest = nonFinite < count ? `, the others ${formatNumber(meanAbs)}` : "";
  return { value: NaN, gap: `${nonFinite} of ${count} are NaN or infinite${rest}` };
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
