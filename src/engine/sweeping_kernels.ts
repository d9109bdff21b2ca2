/**
 * Kernels that make a single pass over their inputs: running one again takes less than moving its output off the
 * heap and back. What is not listed is moved: products take longer, and a kernel that draws random numbers gives others.
 */
export const SWEEPS: ReadonlySet<string> = new Set([
  ...["Relu", "Relu6", "LeakyRelu", "Prelu", "Elu", "Selu", "Softplus", "SelfGated"],
  ...["Sigmoid", "Tanh", "Softmax", "ClipByValue"],
  ...["Add", "AddN", "Sub", "Multiply", "RealDiv", "Maximum", "Minimum"],
  ...["FusedBatchNorm", "NormalizeColumns", "NormalizeRows"],
  ...["AvgPool", "MaxPool", "Concat", "PadV2", "Transpose"],
]);
