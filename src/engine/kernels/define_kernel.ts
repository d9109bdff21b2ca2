import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext, KernelFactory } from "./kernel_context.ts";

/**
 * A kernel for the WASM backend, with its inputs and attributes typed as it expects them.
 *
 * @param kernelName Name under which TensorFlow.js looks for it.
 * @param run Computes a fresh tensor, or several; it never writes into its inputs.
 */
export function defineKernel<
  Attributes,
  Inputs extends Record<string, TensorInfo | undefined> = Record<string, TensorInfo>,
>(
  kernelName: string,
  run: (
    context: KernelContext,
    inputs: Inputs,
    attributes: Attributes,
  ) => TensorInfo | TensorInfo[],
): KernelFactory {
  return (context) => ({
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) =>
      run(context, inputs as Inputs, (attrs ?? {}) as unknown as Attributes),
  });
}
