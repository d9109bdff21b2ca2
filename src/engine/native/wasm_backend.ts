import type { DataMover } from "../heap/live_data.ts";
import type { TensorFlow } from "../tensorflow.ts";
import type { BackendValues, DataId, DataType, TensorInfo } from "@tensorflow/tfjs";

/** Data of a tensor in TensorFlow.js's WASM backend. */
interface TensorData {
  /** Number by which TensorFlow.js's ops identify the tensor. */
  id: number;
  /** Byte address of its first entry on the heap. */
  memoryOffset: number;
  /** Shape when it was created; a reshape shares the data and keeps this. */
  shape: number[];
  dtype: DataType;
  /** Number of tensors that share the entries. */
  refCount: number;
}

/** Part of TensorFlow.js's WASM backend that our ops use. Public there, but not typed. */
export interface WasmBackend {
  /** Emscripten's module: the heap and its allocator. */
  wasm: {
    HEAPU8: Uint8Array;
    /** Memory of the threaded build. */
    wasmMemory?: WebAssembly.Memory;
    /** Exports of the other builds, including `memory`. */
    asm: Record<string, unknown>;
    _malloc(bytes: number): number;
    _free(address: number): void;
    HEAP32: Int32Array;
    /** Functions by which the backend tells the heap of its tensors. */
    tfjs: Record<string, unknown>;
  };
  dataIdMap: {
    get(dataId: DataId): TensorData;
    has(dataId: DataId): boolean;
    set(dataId: DataId, data: TensorData): void;
    delete(dataId: DataId): boolean;
    dataMover: DataMover;
  };
  /** Allocates a tensor with uninitialised entries. */
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  read(dataId: DataId): Promise<BackendValues>;
  readSync(dataId: DataId): BackendValues;
  refCount(dataId: DataId): number;
  disposeData(dataId: DataId, force?: boolean): boolean;
  incRef(dataId: DataId): void;
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** Returns the `WebAssembly.Memory` that TensorFlow.js computes in. */
export function heapMemory({ wasm }: WasmBackend): WebAssembly.Memory {
  return wasm.wasmMemory ?? wasm.asm.memory as WebAssembly.Memory;
}

/**
 * Replaces the stubs through which Emscripten's glue code calls the exports: each passes on its
 * arguments as a list, at every call.
 *
 * @param tf TensorFlow.js whose WASM backend is active.
 */
export function skipStubs(tf: TensorFlow): void {
  const backend = tf.backend();
  const wasm = (backend as unknown as WasmBackend).wasm as
    & WasmBackend["wasm"]
    & Record<string, unknown>;
  for (const [name, run] of Object.entries(wasm.asm)) {
    if (typeof wasm[`_${name}`] === "function") wasm[`_${name}`] = run;
  }
  wasm.tfjs.registerTensor = wasm._register_tensor;
  wasm.tfjs.disposeData = wasm._dispose_data;
  // Ops keep what they call when they are set up.
  for (const { setupFunc } of tf.getKernelsForBackend("wasm")) setupFunc?.(backend);
}
