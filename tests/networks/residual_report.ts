import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import type { LayerMeasurements, TensorStatistics } from "../../src/core/measure/measurements.ts";
import type { DiagnosedReport } from "../../src/core/text/report_document.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { layer, measurements, statistics, weight } from "./sample.ts";

/** Names that a page must survive. */
export const HOSTILE = [
  "<script>document.title = 'broken'</script>",
  '"><img src=x onerror=alert(1)>',
  "x".repeat(10_000),
  "שכבה_ראשונה",
  "طبقة/٣",
  "a\u202eb\u0000\n",
  "constructor",
  "&amp;",
];

/** Statistics of a tensor whose entries lie around a size, with the exponents that they have. */
function spread(size: number): TensorStatistics {
  const middle = Math.max(-36, Math.min(30, Math.round(Math.log2(size))));
  const counts = [1, 4, 20, 60, 110, 70, 8];
  return statistics(size, {
    count: 273,
    exponents: { zeros: 0, nonFinite: 0, under: 0, from: middle - 4, counts, over: 0 },
  });
}

/** Residual blocks of two dense layers and their sum, whose gradients fade towards the input. */
export function residualLayers(count: number, names: readonly string[] = []): LayerMeasurements[] {
  const nameOf = (i: number) => names[i] ?? `${i % 3 === 2 ? "add" : "dense"}_${i + 1}`;
  return Array.from({ length: count }, (_, i) => {
    const name = nameOf(i);
    const isSum = i % 3 === 2;
    const gradient = 10 ** (-9 * (1 - i / count));
    const inputs = i === 0 ? [] : [nameOf(i - 1), ...isSum && i > 2 ? [nameOf(i - 3)] : []];
    const size = spread(1 + (i % 5) / 5);
    const own = layer(name, {}, {
      preActivations: isSum ? null : size,
      activations: size,
      preActivationGradients: isSum ? null : spread(gradient),
      className: isSum ? "Add" : "Dense",
      activation: isSum ? null : "tanh",
      kind: isSum ? "merge" : "dense",
      saturatedFraction: isSum ? null : 0.02,
      role: i === count - 1 ? "output" : "hidden",
      shape: [32, 20],
      inputs,
      weights: isSum
        ? []
        : [weight(`${name}/kernel`, gradient, { shape: [20, 20], gradients: spread(gradient) })],
    });
    return own;
  });
}

/** Contents of a network's report. */
export function reportOf(layers: LayerMeasurements[], name = "network"): DiagnosedReport {
  const measured = measurements(layers, {
    model: { name, source: null, parameters: 4021, layers: layers.length },
  });
  const findings = runRules(measured);
  return { measurements: measured, findings, diagnosis: diagnose(measured, findings) };
}
