/**
 * Ops that make a single pass over their inputs: running one again takes less time than moving its
 * output off the heap and back. Others are moved: products take longer, and ops that draw random
 * numbers would give different results.
 */
export const SWEEPS: ReadonlySet<string> = new Set([
  ...["Relu", "Relu6", "LeakyRelu", "Prelu", "Elu", "Selu", "Softplus", "SelfGated"],
  ...["Sigmoid", "Tanh", "Softmax", "ClipByValue"],
  ...["Add", "AddN", "Sub", "Multiply", "RealDiv", "Maximum", "Minimum"],
  ...["FusedBatchNorm", "NormalizeColumns", "NormalizeRows"],
  ...["AvgPool", "MaxPool", "Concat", "PadV2", "Transpose"],
]);
