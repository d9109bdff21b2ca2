import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import type { Heap } from "../heap.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";

/** Tensors by the op's names for them. An optional input may be missing. */
export type KernelInputs = Record<string, TensorInfo | undefined>;

// deno-lint-ignore no-explicit-any -- every op has other attributes
export type KernelAttributes = Record<string, any>;

/** Context that an op gets on installation: its heap, and functions to run other ops. */
export interface KernelContext extends Heap {
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
 * `installKernels` calls that of the stock op.
 */
export type KernelFactory = (context: KernelContext) => KernelConfig;

/**
 * Makes a gradient for a context. Gradients serve every backend, so compose them of public
 * operations.
 */
export type GradientFactory = (context: KernelContext) => GradConfig;

/** Ops and gradients that a file installs. */
export interface KernelRepair {
  /** Ops that TensorFlow.js lacks, or that are wrong or slow there. */
  kernels?: readonly KernelFactory[];
  /** Gradients that it lacks or has wrong. */
  gradients?: readonly GradientFactory[];
}
