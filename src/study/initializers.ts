/** How kernels can be drawn. The normal ones are not truncated. */
export const INITIALIZERS = [
  "lecunNormal",
  "lecunUniform",
  "heNormal",
  "heUniform",
  "glorotNormal",
  "glorotUniform",
  "orthogonal",
] as const;

/** Name of an initialiser, as TensorFlow.js spells it. */
export type InitializerName = typeof INITIALIZERS[number];
