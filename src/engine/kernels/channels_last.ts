import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext } from "./kernel_context.ts";

/** Runs `compute` on [batch, channels, height, width] inputs as if their channels were last. */
export function withChannelsLast(
  { run, dispose }: KernelContext,
  inputs: TensorInfo[],
  compute: (inputs: TensorInfo[]) => TensorInfo,
): TensorInfo {
  const turned = inputs.map((x) => run("Transpose", { x }, { perm: [0, 2, 3, 1] }));
  const result = compute(turned);
  dispose(...turned);
  return result;
}
