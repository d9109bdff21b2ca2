import type { ActivationFunction } from "../traits/activation_function.ts";
import { ACTIVATIONS } from "../traits/activations.ts";
import { KERAS_ACTIVATIONS } from "../traits/keras_activations.ts";

/**
 * The elementwise activations of TensorFlow.js and Keras by the names that measurements give them.
 * `leakyRelu` has the default slope of TensorFlow.js, 0.3; for others there is {@linkcode leakyRelu}.
 */
export const ACTIVATION_FUNCTIONS: Readonly<Record<string, ActivationFunction>> = Object
  .fromEntries(
    Object.entries({ ...ACTIVATIONS, ...KERAS_ACTIVATIONS }).flatMap(([name, { curve }]) =>
      curve === null ? [] : [[name, curve]]
    ),
  );
