/**
 * Theory of healthy networks: mean field, initialisers, gains.
 *
 * @module
 */
export * from "../traits/activation_function.ts";
export * from "./activation_functions.ts";
export * from "./activation_spread.ts";
export * from "./attention_spread.ts";
export * from "./critical_gain.ts";
export * from "./critical_weight_variance.ts";
export * from "./depth_scale.ts";
export * from "./fans.ts";
export * from "./forward_slope.ts";
export * from "./gain.ts";
export { gaussianMean } from "./gaussian_mean.ts";
export {
  type ExponentHistogram,
  type FormatFit,
  type HalfPrecisionFit,
  halfPrecisionFit,
} from "./half_precision_fit.ts";
export * from "./initializer_std.ts";
export * from "./initializers.ts";
export { leakyRelu } from "../traits/leaky_relu.ts";
export * from "./mean_field.ts";
export * from "./relu_off_fractions.ts";
export * from "./width_spread.ts";
export { wilsonInterval } from "./wilson_interval.ts";
