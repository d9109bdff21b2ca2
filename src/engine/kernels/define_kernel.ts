import type { GradConfig, TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import type {
  GradientFactory,
  KernelAttributes,
  KernelContext,
  KernelFactory,
} from "./kernel_context.ts";

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

type Differentiate = GradConfig["gradFunc"];

/**
 * A gradient made of TensorFlow.js's own, with what that saves of a pass.
 *
 * @param kernelName The kernel that is differentiated.
 * @param amend Makes it of TensorFlow.js's.
 */
export function amendGradient(
  kernelName: string,
  amend: (tf: TensorFlow, stock: Differentiate) => Differentiate,
): GradientFactory {
  return ({ tf }) => {
    const stock = tf.getGradient(kernelName) as GradConfig;
    return { ...stock, gradFunc: amend(tf, (...args) => stock.gradFunc(...args)) };
  };
}

/**
 * A gradient by kernels that the WASM backend alone has; on another one TensorFlow.js's own answers.
 *
 * @param kernelName The kernel that is differentiated.
 * @param differentiate Gives the gradients of the inputs, or `null` where TensorFlow.js's are to answer.
 */
export function defineWasmGradient(
  kernelName: string,
  differentiate: (
    tf: TensorFlow,
    dy: Tensor,
    saved: Tensor[],
    attributes: KernelAttributes,
  ) => Record<string, () => Tensor> | null,
): GradientFactory {
  return amendGradient(kernelName, (tf, stock) => (dy, saved, attrs) => {
    const gradients = tf.getBackend() === "wasm"
      ? differentiate(tf, dy as Tensor, saved as Tensor[], attrs)
      : null;
    return gradients ?? stock(dy, saved, attrs);
  });
}

/**
 * A gradient by a kernel that sweeps once and has no gradient itself. Of floats alone; where it is
 * differentiated again, TensorFlow.js's own answers, which is made of operations that have one.
 *
 * @param kernelName The kernel that is differentiated.
 * @param input What its input is called.
 * @param sweep Gives the gradient of that.
 */
export function defineSweepGradient(
  kernelName: string,
  input: string,
  sweep: (tf: TensorFlow, dy: Tensor, saved: Tensor, attributes: KernelAttributes) => Tensor,
): GradientFactory {
  return defineWasmGradient(
    kernelName,
    (tf, dy, [saved], attributes) =>
      saved.dtype !== "float32" || tf.engine().state.gradientDepth > 0
        ? null
        : { [input]: () => sweep(tf, dy, saved, attributes) },
  );
}
