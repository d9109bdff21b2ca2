import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { formatLayers } from "./format.ts";
import type { Case, Verdict } from "./judge.ts";
import { hasKernel } from "./signal_path.ts";

/** A case, divided by whether the objective sends the layers a signal. */
export interface SoftmaxUnderSum {
  /** The warning about the layers that softmax heads alone lie above; none without such layers. */
  warnings: Verdict[];
  /** The case without those layers: what can be judged. */
  heard: Case;
}

/**
 * Softmax heads under the objective "sum": the outputs of an example add up to 1 whatever the weights
 * are, so the gradient is 0 but for rounding, and no rule about gradients has a verdict on the layers
 * that lie on the way of such heads alone. Another head may carry a signal, to the layers it shares too.
 */
export function softmaxUnderSum(subject: Case): SoftmaxUnderSum {
  const { layers, measurements } = subject;
  const silent = silentLayers(measurements);
  if (!layers.some((layer) => silent.has(layer))) return { warnings: [], heard: subject };
  const isHeard = (layer: LayerMeasurements) => !silent.has(layer);
  const rest = measurements.layers.filter(isHeard);
  const heard = {
    ...subject,
    layers: layers.filter(isHeard),
    measurements: { ...measurements, layers: rest },
  };
  const softmaxes = [...silent].filter((layer) => layer.role === "output" && isSoftmax(layer));
  return { warnings: [warning(softmaxes, [...silent], measurements)], heard };
}

/** The layers whose gradients are rounding, for all that lies above them are softmax heads. */
export function silentLayers({ layers, objective }: Measurements): Set<LayerMeasurements> {
  if (objective.name !== "sum") return new Set();
  const outputs = layers.filter(({ role }) => role === "output");
  const softmaxes = outputs.filter(isSoftmax);
  if (softmaxes.length === 0) return new Set();
  const kernels = outputs.filter(hasKernel);
  // Rounding leaves some 1e-8 of what is sent; a softmax that something else follows passes more.
  const sent = Math.max(...outputs.map(({ activationGradients }) => activationGradients?.rms ?? 0));
  const ends = new Set(
    kernels
      .filter(({ preActivationGradients: delta }) => (delta?.rms ?? 0) <= 1e-5 * sent)
      .filter((head) => softmaxes.some((softmax) => headsOf(softmax, kernels).includes(head.name)))
      .map(({ name }) => name),
  );
  const isSilent = (layer: LayerMeasurements) =>
    headsOf(layer, kernels).every((name) => ends.has(name));
  return softmaxes.some(isSilent) ? new Set(layers.filter(isSilent)) : new Set();
}

function headsOf({ heads }: LayerMeasurements, kernels: LayerMeasurements[]): string[] {
  return heads ?? kernels.map(({ name }) => name);
}

function isSoftmax({ activation, className }: LayerMeasurements): boolean {
  return activation === "softmax" || className === "Softmax";
}

function warning(
  softmaxes: LayerMeasurements[],
  silent: LayerMeasurements[],
  { layers }: Measurements,
): Verdict {
  const [head] = softmaxes;
  const isAll = silent.length === layers.length;
  const names = silent.map(({ name }) => name);
  const verdict = {
    severity: "warning" as const,
    layer: head.name,
    measured: null,
    expected: "an objective that depends on the weights",
    advice:
      'Measure a loss with targets instead of the sum: objective: "categoricalCrossentropy", or ' +
      "--objective categoricalCrossentropy on the command line.",
  };
  if (isAll) {
    return {
      ...verdict,
      message: `No verdict: ${head.name} ends in a softmax, whose outputs add up to 1, so the ` +
        `objective "sum" is constant and its gradient is 0 whatever the weights are.`,
    };
  }
  const ends = softmaxes.map(({ name }) => name);
  return {
    ...verdict,
    layers: names,
    message: `No verdict for ${formatLayers(names, layers)}: ${formatLayers(ends, layers)} ` +
      `${ends.length === 1 ? "ends" : "end"} in a softmax, whose outputs add up to 1, so the ` +
      `objective "sum" sends no gradient down that way whatever the weights are.`,
    advice: `${verdict.advice} The other layers are judged.`,
  };
}
