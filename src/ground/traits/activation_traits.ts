import { requireValue, string } from "../words/shape.ts";
import {
  ACTIVATIONS,
  type ActivationTraits,
  clipped,
  exponential,
  FLAT,
  leakyReluTraits,
  sigmoid,
  slopeOf,
  smooth,
  softplus,
  traits,
} from "./activations.ts";

export type { ActivationTraits };

/**
 * Returns the traits of an activation.
 *
 * @param name Its name in measurements: TensorFlow.js's own, Keras's in camel case, or
 * `leakyRelu(0.01)`.
 * @returns The traits, or `null` if the activation is unknown.
 * @throws {InputError} If the name is not a string.
 *
 * @example
 * ```ts
 * import { activationTraits } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(activationTraits("sigmoid")?.range, [0, 1]);
 * assertEquals(activationTraits("none"), null);
 * ```
 */
export function activationTraits(name: string): ActivationTraits | null {
  requireValue("name", name, string);
  for (const table of [ACTIVATIONS, KERAS_ACTIVATIONS]) {
    if (Object.hasOwn(table, name)) return table[name];
  }
  const slope = slopeOf(name);
  return slope === null ? null : leakyReluTraits(slope);
}

/**
 * Returns true if an activation maps each z into 0 .. 1, as a gate does: sigmoid and hardSigmoid,
 * but not softmax, whose outputs depend on one another.
 *
 * @param name Name of the activation, or `null` if there is none.
 *
 * @example
 * ```ts
 * import { isSigmoid } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["sigmoid", "hardSigmoid", "softmax", null].map(isSigmoid), [true, true, false, false]);
 * ```
 */
export function isSigmoid(name: string | null): boolean {
  if (name === null) return false;
  const traits = activationTraits(name);
  return traits !== null && traits.curve !== null && traits.range[0] === 0 && traits.range[1] === 1;
}

const ROOT_2 = Math.SQRT2;

/**
 * Value of z at which the derivative of squareplus, (1 + z / sqrt(z^2 + 4)) / 2, falls to the share
 * `FLAT`.
 */
const LOW_SQUAREPLUS = -2 * (1 - 2 * FLAT) / Math.sqrt(1 - (1 - 2 * FLAT) ** 2);

/**
 * Activations of Keras that TensorFlow.js lacks, by their names in camel case. `hardSigmoid6` is
 * the `hard_sigmoid` of Keras 3: under that name TensorFlow.js has the one of Keras 2. Parameters
 * have Keras's defaults.
 */
export const KERAS_ACTIVATIONS: Readonly<Record<string, ActivationTraits>> = {
  celu: traits({
    curve: exponential(1, 1),
    gain: 1,
    range: [-1, Infinity],
    flat: { bounded: false, oneSided: true, low: Math.log(FLAT), high: Infinity },
    memoryCopies: 1,
  }),
  // Its moments overflow float64 at a spread of 19: theory uses the measured ones.
  exponential: traits({ range: [0, Infinity], memoryCopies: 1 }),
  glu: traits({ memoryCopies: 3 }),
  hardShrink: traits({
    curve: {
      value: (z) => Math.abs(z) > 0.5 ? z : 0,
      derivative: (z) => Math.abs(z) > 0.5 ? 1 : 0,
      kinks: [-0.5, 0.5],
    },
    memoryCopies: 4,
  }),
  hardSigmoid6: traits({
    curve: clipped(-3, 3, 1 / 6, 0.5),
    range: [0, 1],
    flat: { bounded: true, oneSided: false, low: -3, high: 3 },
    memoryCopies: 4,
  }),
  hardSilu: traits({
    curve: {
      value: (z) => z * Math.min(Math.max(z + 3, 0), 6) / 6,
      derivative: (z) => {
        if (z <= -3) return 0;
        return z >= 3 ? 1 : (2 * z + 3) / 6;
      },
      kinks: [-3, 3],
    },
    gain: ROOT_2,
    range: [-0.375, Infinity],
    // Between the kinks its derivative passes 0 once, at -1.5; it is -0.5 right above -3.
    flat: { bounded: false, oneSided: true, low: -3, high: Infinity },
    memoryCopies: 5,
  }),
  hardTanh: traits({
    curve: clipped(-1, 1, 1, 0),
    gain: 1,
    range: [-1, 1],
    flat: { bounded: true, oneSided: false, low: -1, high: 1 },
    memoryCopies: 2,
  }),
  logSigmoid: traits({
    curve: smooth((z) => -softplus(-z), (z) => sigmoid(-z)),
    range: [-Infinity, 0],
    flat: { bounded: false, oneSided: true, low: -Infinity, high: Math.log((1 - FLAT) / FLAT) },
    memoryCopies: 2,
  }),
  softShrink: traits({
    curve: {
      value: (z) => z - Math.min(Math.max(z, -0.5), 0.5),
      derivative: (z) => Math.abs(z) > 0.5 ? 1 : 0,
      kinks: [-0.5, 0.5],
    },
    memoryCopies: 3,
  }),
  sparsemax: traits({ range: [0, Infinity], kinked: true, memoryCopies: 3.5 }),
  sparsePlus: traits({
    curve: {
      value: (z) => {
        if (z <= -1) return 0;
        return z >= 1 ? z : (z + 1) ** 2 / 4;
      },
      derivative: (z) => {
        if (z <= -1) return 0;
        return z >= 1 ? 1 : (z + 1) / 2;
      },
      kinks: [-1, 1],
    },
    gain: ROOT_2,
    range: [0, Infinity],
    flat: { bounded: false, oneSided: true, low: 2 * FLAT - 1, high: Infinity },
    memoryCopies: 8,
  }),
  sparseSigmoid: traits({
    curve: clipped(-1, 1, 0.5, 0.5),
    range: [0, 1],
    flat: { bounded: true, oneSided: false, low: -1, high: 1 },
    memoryCopies: 4,
  }),
  squareplus: traits({
    curve: smooth(
      (z) => (z + Math.sqrt(z * z + 4)) / 2,
      (z) => (1 + z / Math.sqrt(z * z + 4)) / 2,
    ),
    gain: ROOT_2,
    range: [0, Infinity],
    flat: { bounded: false, oneSided: true, low: LOW_SQUAREPLUS, high: Infinity },
    memoryCopies: 6,
  }),
  tanhShrink: traits({
    curve: smooth((z) => z - Math.tanh(z), (z) => Math.tanh(z) ** 2),
    memoryCopies: 3,
  }),
};
