import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import type { Heap } from "../heap.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";

/** Tensors by the names that a kernel gives them. An optional input may be missing. */
export type KernelInputs = Record<string, TensorInfo | undefined>;

// deno-lint-ignore no-explicit-any -- attributes are as many types as there are kernels
export type KernelAttributes = Record<string, any>;

/** What a kernel gets when it is installed: the heap that it works on, and what runs other kernels. */
export interface KernelContext extends Heap {
  /** The WASM backend that runs now: read it in the kernel, a restart replaces it. */
  readonly backend: WasmBackend;
  /** How many threads the backend has. No result may depend on it. */
  readonly threads: number;
  /** Runs the kernel that TensorFlow.js itself has under this name. */
  stock(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Runs the kernel that is registered under this name now: ours, where there is one. */
  run(kernelName: string, inputs: KernelInputs, attrs?: KernelAttributes): TensorInfo;
  /** Frees an intermediate result. */
  dispose(...tensors: TensorInfo[]): void;
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
