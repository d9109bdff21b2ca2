import type { ActivationFunction } from "./activation_function.ts";
import { number, requireValue } from "../words/requirements.ts";

/**
 * Returns a relu with a slope below 0.
 *
 * @param slope The slope for z < 0; 0 gives relu. TensorFlow.js's default is 0.3, PyTorch's 0.01.
 * @returns The activation, for {@linkcode meanField}, {@linkcode criticalWeightVariance} and
 * others.
 *
 * @example The scale at which a deep network passes signals on
 * ```ts
 * import { criticalWeightVariance, leakyRelu } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(criticalWeightVariance(leakyRelu(0.2)), 2 / (1 + 0.2 ** 2), 1e-6);
 * ```
 */
export function leakyRelu(slope: number): ActivationFunction {
  requireValue("slope", slope, number);
  return {
    value: (z) => z > 0 ? z : slope * z,
    derivative: (z) => z > 0 ? 1 : slope,
    kinks: [0],
  };
}

/**
 * Returns the slope in a name such as `leakyRelu(0.01)`, which measurements give to a layer whose
 * slope is not TensorFlow.js's default; `null` for any other name.
 */
export function slopeOf(activation: string): number | null {
  const [, slope] = /^leakyRelu\((-?[\d.]+(?:e-?\d+)?)\)$/.exec(activation) ?? [];
  return slope === undefined ? null : Number(slope);
}
