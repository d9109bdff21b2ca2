import { InputError } from "../words/input_error.ts";
import { activationTraits, KERAS_ACTIVATIONS } from "../traits/activation_traits.ts";
import type { ActivationFunction } from "../traits/curves.ts";
import { ACTIVATIONS } from "../traits/activations.ts";
import { callable, list, number, object, requireValue } from "../words/shape.ts";
import { showValue } from "../words/show_value.ts";
import { activationMoments, pairMoments } from "./activation_moments.ts";
import { type Gradient, sharedBy, sharedOver, type Signal } from "./signal.ts";

/**
 * Elementwise activations of TensorFlow.js and Keras, by the names used in measurements.
 * `leakyRelu` has TensorFlow.js's default slope, 0.3; for other slopes use {@linkcode leakyRelu}.
 */
export const ACTIVATION_FUNCTIONS: Readonly<Record<string, ActivationFunction>> = Object
  .fromEntries(
    Object.entries({ ...ACTIVATIONS, ...KERAS_ACTIVATIONS }).flatMap(([name, { curve }]) =>
      curve === null ? [] : [[name, curve]]
    ),
  );

/**
 * Applies an elementwise activation to a normal z, unit by unit.
 *
 * @param activation Name of the activation, or the function itself.
 * @returns The output and its backward pass, or `null` if the activation is not known.
 */
export function activate(
  activation: string | ActivationFunction,
  z: Signal,
  units: number,
  examples: number,
): { a: Signal; back(gradient: Gradient): Gradient } | null {
  const variance = Math.max(0, z.meanSquare - z.mean ** 2);
  const moments = activationMoments(activation, z.mean, variance);
  if (moments === null) return null;
  const name = typeof activation === "string" ? activation : null;
  const correlationOf = (product: number) =>
    variance > 0 ? Math.min(1, Math.max(0, (product - z.mean ** 2) / variance)) : 1;
  const alike = pairMoments(activation, z.mean, variance, correlationOf(z.alike));
  const near = z.near === z.alike
    ? alike
    : pairMoments(activation, z.mean, variance, correlationOf(z.near));
  const { meanSquare, kurtosis, stretch, slopeSquare, slopeKurtosis, lean } = moments;
  const aligned = Math.max(z.aligned, meanSquare > 0 ? (alike.product / meanSquare) ** 2 : 0);
  const share = sharedBy(z.vague ? 1 : aligned, examples);
  const a: Signal = {
    meanSquare,
    mean: moments.mean,
    alike: Math.min(alike.product, meanSquare),
    near: Math.min(near.product, meanSquare),
    entries: z.entries,
    spread: meanSquare > 0
      ? stretch ** 2 * z.spread + Math.max(0, kurtosis - 1) / units * share
      : z.spread,
    aligned,
    vague: z.vague,
    normal: name === null
      ? undefined
      : { activation: name, mean: z.mean, variance, near: correlationOf(z.near) },
  };
  return {
    a,
    back(gradient) {
      const { square, chosen } = gradient;
      const passed = chosen ?? slopeSquare;
      const keptBy = (product: number) => slopeSquare > 0 ? Math.min(1, product / slopeSquare) : 0;
      const kept = keptBy(alike.slopeProduct);
      const alignedBelow = gradient.aligned * kept ** 2;
      return {
        square: square * passed,
        alike: gradient.alike * passed * kept,
        near: gradient.near * passed * keptBy(near.slopeProduct),
        along: sharedOver(gradient, examples) * lean,
        // Kurtosis of a normal gradient after the mask: 5 / units for relu, as forwards (Hanin &
        // Nica 2018).
        spread: gradient.spread +
          Math.max(0, 3 * slopeKurtosis - 1) / units * sharedBy(alignedBelow, examples),
        aligned: alignedBelow,
        through: name === null
          ? undefined
          : { activation: name, mean: z.mean, variance, slopeSquare },
      };
    },
  };
}

/**
 * Returns the activation with this name, which may be `leakyRelu(0.01)`, or `null` if it is not
 * known.
 */
export function findActivation(name: string): ActivationFunction | null {
  return activationTraits(name)?.curve ?? null;
}

const functionShape = object({ value: callable, derivative: callable, kinks: list(number) });

/**
 * Returns the activation with this name, or the given function.
 *
 * @throws {InputError} If the name is not known.
 */
export function resolveActivation(activation: string | ActivationFunction): ActivationFunction {
  if (typeof activation !== "string") {
    requireValue("activation", activation, functionShape);
    return activation;
  }
  const found = findActivation(activation);
  if (found !== null) return found;
  const known = Object.keys(ACTIVATION_FUNCTIONS).join(", ");
  throw new InputError({ place: "activation", found: showValue(activation), expected: known });
}
