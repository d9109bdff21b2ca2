/** The operations of our own WASM module by their numbers, as assembly/operations.ts knows them. */
export const operation = {
  matMul: 0,
  convolutionFilterGradient: 1,
  convolutionInputGradient: 2,
  depthwiseFilterGradient: 3,
  depthwiseInputGradient: 4,
  segmentSum: 5,
  tanh: 6,
  sums: 7,
  flat: 8,
} as const;
