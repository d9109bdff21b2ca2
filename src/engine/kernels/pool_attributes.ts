import type { backend_util } from "@tensorflow/tfjs";

/** Attributes of the pooling kernels and of their gradients. */
export interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}
