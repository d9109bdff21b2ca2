import type { TensorInfo } from "@tensorflow/tfjs";
import type { NativeModule } from "./native/native_module.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** The WASM heap that an engine computes on, for what works on it in place. */
export interface Heap {
  /** The TensorFlow.js whose tensors lie on it. */
  readonly tf: TensorFlow;
  /** Our own WASM module on it: read it where it is used, after a restart of the backend it is another. */
  readonly native: NativeModule;
  /** Byte address of a tensor. One that lies on another backend is moved first. */
  address(tensor: TensorInfo): number;
}
