/** Initialisers of kernels. The normal distributions are not truncated. */
export const INITIALIZERS = [
  "lecunNormal",
  "lecunUniform",
  "heNormal",
  "heUniform",
  "glorotNormal",
  "glorotUniform",
  "orthogonal",
] as const;

/**
 * Name of an initialiser. TensorFlow.js also spells the first two `leCunNormal` and `leCunUniform`.
 */
export type InitializerName = typeof INITIALIZERS[number];
