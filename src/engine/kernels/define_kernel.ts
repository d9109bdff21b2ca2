import type { GradConfig, TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import type {
  GradientFactory,
  KernelAttributes,
  KernelContext,
  KernelFactory,
} from "./kernel_context.ts";

/**
 * Defines an op of the WASM backend, with typed inputs and attributes.
 *
 * @param kernelName Name under which TensorFlow.js finds it.
 * @param run Computes one or several new tensors; never writes to its inputs.
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
 * Defines a gradient that amends TensorFlow.js's own.
 *
 * @param kernelName The op that is differentiated.
 * @param amend Returns the gradient, given that of TensorFlow.js.
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
 * Defines a gradient of ops that only the WASM backend has; other backends use TensorFlow.js's own.
 *
 * @param kernelName The op that is differentiated.
 * @param differentiate Returns the gradients of the inputs, or `null` to use TensorFlow.js's.
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
 * Defines a gradient by an op that takes a single sweep and has no gradient itself. For floats
 * only; for second-order gradients TensorFlow.js's own is used, whose ops can be differentiated.
 *
 * @param kernelName The op that is differentiated.
 * @param input Name of its input.
 * @param sweep Returns the gradient of that input.
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
