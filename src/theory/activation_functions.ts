import type { ActivationFunction } from "../traits/activation_function.ts";
import { ACTIVATIONS } from "../traits/activations.ts";
import { KERAS_ACTIVATIONS } from "../traits/keras_activations.ts";

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
