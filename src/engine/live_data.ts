import type { BackendValues, DataId, DataType, KernelBackend } from "@tensorflow/tfjs";
import type { TensorFlow } from "./tensorflow.ts";
import { patchProperty } from "./patch_property.ts";

/** The tensors whose entries lie on a backend. */
export interface LiveData {
  /** How many bytes they take. */
  readonly bytes: number;
  /**
   * Takes the tensors placed longest ago off the backend until the others take at most `most` bytes. What `forget`
   * does not take moves to the `cpu` backend.
   *
   * @param most How many bytes may stay.
   * @param stays Which must stay, whatever they take.
   * @param forget Forgets what need not be moved, and says whether it did.
   */
  moveOldest(
    most: number,
    stays: (dataId: DataId) => boolean,
    forget?: (dataId: DataId, bytes: number) => boolean,
  ): void;
  /** Moves every one to the `cpu` backend, where they stay until a kernel asks for them. */
  moveToCpu(): void;
  /** Frees what belongs to no tensor, as what a kernel had made by the time that it threw. */
  freeStrays(): void;
}

/** What TensorFlow.js asks of the backend that the data of a tensor lie on. */
export type DataHolder = Pick<
  KernelBackend,
  "disposeData" | "incRef" | "read" | "readSync" | "refCount"
>;

/** What TensorFlow.js knows of the data of a tensor; its types do not show it. */
export interface DataInfo {
  backend: DataHolder;
  shape: number[];
  dtype: DataType;
}

interface DataMap {
  get(dataId: DataId): unknown;
  set(dataId: DataId, data: unknown): void;
  delete(dataId: DataId): boolean;
  has(dataId: DataId): boolean;
}

/** Moves a tensor to another backend on demand. */
export interface DataMover {
  moveData(to: KernelBackend, dataId: DataId): void;
}

const known = new WeakMap<object, LiveData>();

/** What lies on a backend that {@linkcode trackLiveData} was told of. */
export function liveDataOf(backend: object): LiveData {
  const live = known.get(backend);
  if (live === undefined) throw new TypeError("backend was not started by startEngine()");
  return live;
}

/** What TensorFlow.js knows of the data of a tensor, unless they are freed. */
export function dataInfo(tf: TensorFlow, dataId: DataId): DataInfo | undefined {
  return tf.engine().state.tensorInfo.get(dataId) as unknown as DataInfo | undefined;
}

/** What is smaller stays: moving it costs more than its place is worth. */
const LEAST = 2 ** 14;

/**
 * Keeps a list of what lies on a backend. TensorFlow.js keeps its own in weak maps, which cannot be
 * listed, and loses every tensor of a backend that is removed.
 *
 * @param tf The engine's TensorFlow.js.
 * @param backend A backend without tensors yet.
 */
export function trackLiveData(
  tf: TensorFlow,
  backend: Pick<KernelBackend, "disposeData" | "move"> & { dataIdMap: DataMap },
): LiveData {
  /** The bytes of each, in the order in which they were placed. */
  const live = new Map<DataId, number>();
  let bytes = 0;
  const strike = (dataId: DataId) => {
    bytes -= live.get(dataId) ?? 0;
    live.delete(dataId);
  };
  const map = backend.dataIdMap;
  const { set, delete: remove } = map;
  patchProperty(map, "set", {
    value(dataId: DataId, data: unknown) {
      strike(dataId);
      const size = bytesOf(data as Pick<DataInfo, "shape" | "dtype">);
      live.set(dataId, size);
      bytes += size;
      set.call(map, dataId, data);
    },
  });
  patchProperty(map, "delete", {
    value(dataId: DataId) {
      strike(dataId);
      return remove.call(map, dataId);
    },
  });
  const { move } = backend;
  // `write` calls it, too. Stock copies the bytes of any array as if it were one of the dtype.
  patchProperty(backend, "move", {
    value(
      dataId: DataId,
      values: BackendValues,
      shape: number[],
      dtype: DataType,
      holders: number,
    ) {
      move.call(backend, dataId, convertValues(values, dtype), shape, dtype, holders);
    },
  });
  const mover: DataMover = { moveData: (to, dataId) => bring(tf, dataId, to) };
  patchProperty(map, "dataMover", { value: mover });
  const tracked: LiveData = {
    get bytes() {
      return bytes;
    },
    moveOldest(most, stays, forget = () => false) {
      for (const [dataId, size] of live) {
        if (bytes <= most) return;
        if (size < LEAST || stays(dataId) || forget(dataId, size)) continue;
        moveToCpu(tf, dataId);
      }
    },
    moveToCpu() {
      for (const dataId of live.keys()) moveToCpu(tf, dataId);
    },
    freeStrays() {
      for (const dataId of live.keys()) {
        if (dataInfo(tf, dataId) === undefined) backend.disposeData(dataId, true);
      }
    },
  };
  known.set(backend, tracked);
  return tracked;
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** True if a tensor of this dtype has a number per entry. */
export function isNumeric(dtype: DataType): dtype is keyof typeof ARRAYS {
  return dtype in ARRAYS;
}

/**
 * Returns values in the array that the WASM heap expects for their dtype. TensorFlow.js's `cpu` backend keeps whatever
 * array it was given, also a plain one.
 *
 * @param values The values; `null` stays `null`.
 * @param dtype The dtype of the tensor.
 */
export function convertValues<Values extends BackendValues | null>(
  values: Values,
  dtype: DataType,
): Values | Float32Array | Int32Array | Uint8Array {
  if (values === null || !isNumeric(dtype)) return values;
  const Expected = ARRAYS[dtype];
  if (values instanceof Expected) return values;
  const numbers = values as ArrayLike<number>;
  if (dtype === "bool") return Uint8Array.from(numbers, (value) => value === 0 ? 0 : 1);
  return Expected.from(numbers);
}

/** Bytes of a tensor: numbers take four each, truth values one. */
function bytesOf({ shape, dtype }: Pick<DataInfo, "shape" | "dtype">): number {
  return shape.reduce((product, length) => product * length, dtype === "bool" ? 1 : 4);
}

/**
 * Has the data of a tensor come to a backend. TensorFlow.js would give them up before it knows that there is room.
 *
 * @param to Where they do not lie.
 */
export function bring(tf: TensorFlow, dataId: DataId, to: KernelBackend): void {
  const info = dataInfo(tf, dataId)!;
  const { backend: from, shape, dtype } = info;
  to.move(dataId, from.readSync(dataId), shape, dtype, from.refCount(dataId));
  from.disposeData(dataId, true);
  info.backend = to;
}

/**
 * Moves the data of a tensor to the `cpu` backend, as TensorFlow.js's `moveData` does, also off a backend that is
 * broken: after a trap its allocator may trap, too. What can be read no more becomes NaN, so that it is not taken for
 * a number.
 */
export function moveToCpu(tf: TensorFlow, dataId: DataId): void {
  const info = dataInfo(tf, dataId);
  // Data that a kernel left when it threw belongs to no tensor, so nothing can read it.
  if (info === undefined) return;
  const { backend, shape, dtype } = info;
  const holders = backend.refCount(dataId);
  let values;
  try {
    values = backend.readSync(dataId);
  } catch {
    values = new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(NaN);
  }
  try {
    backend.disposeData(dataId, true);
  } catch {
    // The memory goes with its backend.
  }
  const cpu = tf.engine().findBackend("cpu");
  info.backend = cpu;
  cpu.move(dataId, values, shape, dtype, holders);
}
