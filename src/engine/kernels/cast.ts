import type { DataType } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `Cast`. To `bool` the stock op stores the integer part modulo 256, so 0.5 and 256 become false.
 * Here every entry that is not 0 becomes true, NaN too. If the type stays the same, as in each
 * gradient of a cast, the stock op copies the entries; here they are shared. Others go to the stock
 * op.
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
 * `Identity`, used by every `clone`: the stock op copies the entries, 81 times in a gradient of ten
 * dense layers. Tensors are immutable, so here the clone shares them, as on the `cpu` backend.
 */
const identityKernel = defineKernel<unknown>("Identity", ({ backend }, { x }) => {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [castKernel, identityKernel],
};
