/**
 * Standard deviation of a standard normal distribution truncated at two standard deviations.
 * TensorFlow.js's normal initialisers truncate without compensating: `heNormal` draws 0.88 of He's
 * deviation.
 */
export const CUT_DEVIATION = 0.8796256610342398;

/**
 * Mean |x| / rms of the distributions that initialisers draw from: normal, normal truncated at two
 * standard deviations, and uniform. Training makes the tails heavier and the ratio smaller.
 */
export const MEAN_ABS_RATIOS = {
  normal: Math.sqrt(2 / Math.PI),
  cutNormal: 0.8217,
  uniform: Math.sqrt(3) / 2,
} as const;
