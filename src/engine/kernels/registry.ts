import { repair as activations } from "./activations.ts";
import { repair as add } from "./add.ts";
import { repair as avgPool } from "./avg_pool.ts";
import { repair as cast } from "./cast.ts";
import { repair as clipByValue } from "./clip_by_value.ts";
import { repair as conv2d } from "./conv_2d.ts";
import { repair as conv3d } from "./conv_3d.ts";
import { repair as cumulative } from "./cumulative.ts";
import { repair as depthwiseConv2dNative } from "./depthwise_conv_2d_native.ts";
import { repair as dilation2d } from "./dilation_2d.ts";
import { repair as einsum } from "./einsum.ts";
import { repair as extremum } from "./extremum.ts";
import { repair as fusedBatchNorm } from "./fused_batch_norm.ts";
import { repair as gatherV2 } from "./gather_v2.ts";
import { repair as gradientRepairs } from "./gradient_repairs.ts";
import { repair as matMul } from "./mat_mul.ts";
import { repair as maxPool } from "./max_pool.ts";
import { repair as normalizations } from "./normalizations.ts";
import { repair as oneHot } from "./one_hot.ts";
import { repair as recurrent } from "./recurrent.ts";
import { repair as resizeGradients } from "./resize_gradients.ts";
import { repair as selfGated } from "./self_gated.ts";
import { repair as slice } from "./slice.ts";
import { repair as softmax } from "./softmax.ts";
import { repair as sum } from "./sum.ts";
import { repair as tile } from "./tile.ts";
import type { KernelRepair } from "./kernel_context.ts";

/** All repairs of this project. Each file holds the ops of one operation and its gradients. */
export const REPAIRS: readonly KernelRepair[] = [
  activations,
  add,
  avgPool,
  cast,
  clipByValue,
  conv2d,
  conv3d,
  cumulative,
  depthwiseConv2dNative,
  dilation2d,
  einsum,
  extremum,
  fusedBatchNorm,
  gatherV2,
  gradientRepairs,
  matMul,
  maxPool,
  normalizations,
  oneHot,
  recurrent,
  resizeGradients,
  selfGated,
  slice,
  softmax,
  sum,
  tile,
];
