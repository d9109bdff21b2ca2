import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";
import type { NativeModule } from "../native/native_module.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";

/** Tensors by the names that a kernel gives them. An optional input may be missing. */
export type KernelInputs = Record<string, TensorInfo | undefined>;

// deno-lint-ignore no-explicit-any -- attributes are as many types as there are kernels
export type KernelAttributes = Record<string, any>;

/** What a kernel gets when it is installed. */
export interface KernelContext {
  /** The TensorFlow.js that is being repaired. */
  readonly tf: TensorFlow;
  /** The WASM backend that runs now: read it in the kernel, a restart replaces it. */
  readonly backend: WasmBackend;
  /** Our own WASM module on that backend's heap: read it in the kernel, too. */
  readonly native: NativeModule;
  /** How many threads the backend has. No result may depend on it. */
  readonly threads: number;
  /** Runs the kernel that TensorFlow.js itself has under this name. */
  stock(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Runs the kernel that is registered under this name now: ours, where there is one. */
  run(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Frees an intermediate result. */
  dispose(...tensors: TensorInfo[]): void;
  /** Byte address of a tensor on the heap. */
  address(tensor: TensorInfo): number;
}

/**
 * Makes a kernel for a context. Its `backendName` is "wasm"; the set-up function of the stock kernel
 * is called by `installKernels`, a kernel needs none.
 */
export type KernelFactory = (context: KernelContext) => KernelConfig;

/** Makes a gradient for a context. Gradients serve every backend: compose them of public operations. */
export type GradientFactory = (context: KernelContext) => GradConfig;

/** What one file puts in place. */
export interface KernelRepair {
  /** Kernels that TensorFlow.js lacks or has wrong or slow. */
  kernels?: readonly KernelFactory[];
  /** Gradients that it lacks or has wrong. */
  gradients?: readonly GradientFactory[];
}
