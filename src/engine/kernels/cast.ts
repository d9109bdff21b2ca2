import type { DataType } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `Cast`. To `bool` the stock kernel stores the integer part modulo 256, so 0.5 and 256 become false.
 * Here every entry that is not 0 becomes true, NaN too. To the type that a tensor has already, as behind each
 * gradient of a cast, stock copies the entries; here they are shared. Others go to the stock kernel.
 */
const castKernel = defineKernel<{ dtype: DataType }>("Cast", (context, { x }, attrs) => {
  const { dtype } = attrs;
  if (dtype === x.dtype) return context.run("Identity", { x });
  if (dtype !== "bool") return context.stock("Cast", { x }, attrs);
  const output = context.backend.makeOutput(x.shape, dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) to[i] = from[i] !== 0 ? 1 : 0;
  return output;
});

/**
 * `Identity`, behind every `clone`: stock copies the entries, 81 times in a gradient of ten dense layers.
 * Tensors are never written to, so here the clone shares them, as the `cpu` backend's does.
 */
const identityKernel = defineKernel<unknown>("Identity", ({ backend }, { x }) => {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
});

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [castKernel, identityKernel],
};
