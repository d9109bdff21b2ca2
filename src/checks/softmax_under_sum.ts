import type { Measurements } from "../measure/measurements.ts";
import type { Verdict } from "./judge.ts";

/**
 * A softmax head under the objective "sum": the outputs of an example add up to 1 whatever the
 * weights are, so the gradient is 0 but for rounding, and no rule about gradients has a verdict.
 *
 * @returns The warning that says so, or `null` where there is a signal to judge.
 */
export function softmaxUnderSum(
  { layers, objective }: Measurements,
): Verdict | null {
  if (objective.name !== "sum") return null;
  const outputs = layers.filter(({ role }) => role === "output");
  const head = outputs.find(({ activation, className }) =>
    activation === "softmax" || className === "Softmax"
  );
  if (head === undefined) return null;
  // Another head may carry a signal; rounding leaves some 1e-8 of the softmax head's own.
  const sent = Math.max(...outputs.map(({ activationGradients }) => activationGradients?.rms ?? 0));
  const passed = outputs.some(({ weights, preActivationGradients: delta }) =>
    weights.length > 0 && (delta?.rms ?? 0) > 1e-5 * sent
  );
  if (passed) return null;
  return {
    severity: "warning",
    layer: head.name,
    measured: null,
    expected: "an objective that depends on the weights",
    message: `No verdict: ${head.name} ends in a softmax, whose outputs add up to 1, so the ` +
      `objective "sum" is constant and its gradient is 0 whatever the weights are.`,
    advice:
      'Measure a loss instead of the sum: objective: "categoricalCrossentropy", with targets.',
  };
}
