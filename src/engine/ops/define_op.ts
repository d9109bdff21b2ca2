import type { Heap } from "../heap/heap.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";

/**
 * Defines an op of the WASM backend, with typed inputs and attributes.
 *
 * @param kernelName Name under which TensorFlow.js finds it.
 * @param run Computes one or several new tensors; never writes to its inputs.
 */
export function defineOp<
  Attributes,
  Inputs extends Record<string, TensorInfo | undefined> = Record<string, TensorInfo>,
>(
  kernelName: string,
  run: (context: OpContext, inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[],
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

/** Tensors by the op's names for them. An optional input may be missing. */
export type KernelInputs = Record<string, TensorInfo | undefined>;

// deno-lint-ignore no-explicit-any -- every op has other attributes
export type KernelAttributes = Record<string, any>;

/** Context that an op gets on installation: its heap, and functions to run other ops. */
export interface OpContext extends Heap {
  /** Running WASM backend. Read it inside the op: a restart replaces it. */
  readonly backend: WasmBackend;
  /** Number of threads of the backend. Results must not depend on it. */
  readonly threads: number;
  /** Runs TensorFlow.js's own op of this name. */
  stock(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Runs the op currently registered under this name: ours, if there is one. */
  run(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Frees an intermediate result. */
  dispose(...tensors: TensorInfo[]): void;
}

/**
 * Makes an op for a context. Its `backendName` is "wasm". It needs no set-up function;
 * `installOps` calls that of the stock op.
 */
export type KernelFactory = (context: OpContext) => KernelConfig;

/**
 * Makes a gradient for a context. Gradients serve every backend, so compose them of public
 * operations.
 */
export type GradientFactory = (context: OpContext) => GradConfig;

/** Ops and gradients that a file installs. */
export interface OpRepair {
  /** Ops that TensorFlow.js lacks, or that are wrong or slow there. */
  kernels?: readonly KernelFactory[];
  /** Gradients that it lacks or has wrong. */
  gradients?: readonly GradientFactory[];
}

/**
 * Returns true if an array has an entry that is NaN or infinite: such an entry minus itself is NaN,
 * and so is the sum. Costs about 0.4 ns per entry, cheap enough to send finite input to a faster op
 * that hides NaN.
 */
export function hasNonFinite(values: Float32Array | Int32Array | Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < values.length; i++) difference += values[i] - values[i];
  return difference !== 0;
}
