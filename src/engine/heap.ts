import type { TensorInfo } from "@tensorflow/tfjs";
import type { NativeModule } from "./native/native_module.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** WASM heap of an engine, for code that works on it in place. */
export interface Heap {
  /** TensorFlow.js whose tensors are on the heap. */
  readonly tf: TensorFlow;
  /**
   * This project's WASM module on the heap. Read it on each use: a restart of the backend replaces
   * it.
   */
  readonly native: NativeModule;
  /** Returns the byte address of a tensor, and first moves it there from another backend. */
  address(tensor: TensorInfo): number;
}
