/**
 * What is left of the standard deviation of a normal distribution that is cut at two of them. The normal
 * initialisers of TensorFlow.js cut, and do not make up for it: `heNormal` draws 0.88 of He's deviation.
 */
export const CUT_DEVIATION = 0.8796256610342398;

/**
 * Mean |x| / rms of what initialisers draw: a normal distribution, the same cut at two standard deviations, and a
 * uniform one. Training makes the tails heavier, and the ratio smaller.
 */
export const MEAN_ABS_RATIOS = {
  normal: Math.sqrt(2 / Math.PI),
  cutNormal: 0.8217,
  uniform: Math.sqrt(3) / 2,
} as const;
