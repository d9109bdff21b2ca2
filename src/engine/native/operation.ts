/** The operations of our own WASM module by their numbers, as assembly/operations.ts knows them. */
export const operation = {
  matMul: 0,
  convolution: 1,
  convolutionFilterGradient: 2,
  convolutionInputGradient: 3,
  depthwise: 4,
  depthwiseFilterGradient: 5,
  depthwiseInputGradient: 6,
  segmentSum: 7,
  tanh: 8,
  sums: 9,
  flat: 10,
  tanhGradient: 11,
  columnSums: 12,
} as const;
