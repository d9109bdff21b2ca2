/**
 * Theory of healthy networks: mean field, initialisers, gains.
 *
 * @module
 */
export type { ActivationFunction } from "../traits/activations.ts";
export { ACTIVATION_FUNCTIONS } from "./activation_moments.ts";
export {
  activationSpread,
  type FiniteLayer,
  meanField,
  type MeanFieldLayer,
  type MeanFieldState,
  reluOffFractions,
  type WidthSpread,
  widthSpread,
} from "./mean_field.ts";
export * from "./attention_spread.ts";
export {
  criticalGain,
  criticalWeightVariance,
  type DepthScale,
  depthScale,
  forwardSlope,
  gain,
  layersToGrow,
} from "./criticality.ts";
export {
  type Fans,
  fans,
  type InitializerName,
  INITIALIZERS,
  type InitializerScheme,
  initializerStd,
} from "./initializers.ts";
export { gaussianMean } from "./gaussian_mean.ts";
export {
  type ExponentHistogram,
  type FormatFit,
  type HalfPrecisionFit,
  halfPrecisionFit,
} from "./half_precision_fit.ts";
export { leakyRelu } from "../traits/activations.ts";
export { wilsonInterval } from "./statistics.ts";
export { InputError, type Refusal } from "../words/input_error.ts";
