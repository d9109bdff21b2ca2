import type { BackendValues, DataId, DataType, TensorInfo } from "@tensorflow/tfjs";
import type { DataMover } from "../live_data.ts";

/** What TensorFlow.js's WASM backend knows of a tensor. */
export interface TensorData {
  /** Number that the stock kernels know the tensor by. */
  id: number;
  /** Byte address of its first entry on the heap. */
  memoryOffset: number;
  /** Shape it was made with; a reshape shares the data and keeps this. */
  shape: number[];
  /** Type of its entries. */
  dtype: DataType;
  /** How many tensors have the entries. */
  refCount: number;
}

/** The part of TensorFlow.js's WASM backend that our kernels use. Public there, but not typed. */
export interface WasmBackend {
  /** Emscripten's module: the heap and its allocator. */
  wasm: {
    HEAPU8: Uint8Array;
    /** The memory of the threaded build. */
    wasmMemory?: WebAssembly.Memory;
    /** The exports of the other builds; `memory` among them. */
    asm: Record<string, unknown>;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  dataIdMap: {
    get(dataId: DataId): TensorData;
    has(dataId: DataId): boolean;
    set(dataId: DataId, data: TensorData): void;
    delete(dataId: DataId): boolean;
    dataMover: DataMover;
  };
  /** Allocates a tensor; its entries are whatever the heap held. */
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  read(dataId: DataId): Promise<BackendValues>;
  readSync(dataId: DataId): BackendValues;
  refCount(dataId: DataId): number;
  disposeData(dataId: DataId, force?: boolean): boolean;
  incRef(dataId: DataId): void;
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array | Uint8Array;
}
