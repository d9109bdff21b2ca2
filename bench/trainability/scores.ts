import type { Finding } from "../../src/core/rules/mod.ts";
import type { Measurements } from "../../src/entry/measure.ts";

/** Figures that might tell which networks fail: the larger, the worse it looks. */
export type Scores = Record<string, number>;

const SEVERITIES = ["note", "warning", "error"];

/** 0 for nothing found, 3 for an error. */
export function worstSeverity(findings: readonly Pick<Finding, "severity">[]): number {
  return Math.max(0, ...findings.map(({ severity }) => 1 + SEVERITIES.indexOf(severity)));
}

/** Number of rules that found an error. */
export function redRules(findings: readonly Pick<Finding, "severity" | "rule">[]): number {
  const red = findings.filter(({ severity }) => severity === "error");
  return new Set(red.map(({ rule }) => rule)).size;
}

/** Far from 1 in either direction. Zeros and NaN count as the limits of float32. */
function distance(ratio: number): number {
  const powers = Math.abs(Math.log10(ratio));
  return Number.isFinite(powers) ? Math.min(powers, 45) : 45;
}

/** The scores of a pass. Their signs were fixed before any was looked at. */
export function scoresOf(measurements: Measurements, findings: readonly Finding[]): Scores {
  const kernels = measurements.layers.flatMap(({ weights }) => weights)
    .filter(({ shape, gradients }) => shape.length >= 2 && gradients !== null)
    .map(({ gradients }) => gradients!);
  const deltas = measurements.layers.flatMap(({ preActivationGradients, weights }) =>
    preActivationGradients === null || weights.length === 0 ? [] : [preActivationGradients.rms]
  );
  const l2 = Math.hypot(...kernels.map((kernel) => kernel.l2));
  return {
    "worst severity": worstSeverity(findings),
    "number of red rules": redRules(findings),
    "log of the kernels' gradient, absolute": distance(l2),
    "log of delta, first to last, absolute": distance((deltas[0] ?? 0) / (deltas.at(-1) ?? 0)),
    "log of the kernel gradient, first to last, absolute": distance(
      (kernels[0]?.rms ?? 0) / (kernels.at(-1)?.rms ?? 0),
    ),
    "log of the largest gradient": Math.log10(
      Math.max(1e-45, ...kernels.map(({ maxAbs, nonFinite }) => nonFinite > 0 ? 1e38 : maxAbs)),
    ),
  };
}
