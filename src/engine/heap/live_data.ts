import { InputError, refusal } from "../../ground/words/input_error.ts";
import { patchProperty } from "../patching.ts";
import type { TensorFlow } from "../tensorflow.ts";
import type { BackendValues, DataId, DataType, KernelBackend } from "@tensorflow/tfjs";

/** Tensors whose entries are on a backend. */
export interface LiveData {
  /** Total size in bytes. */
  readonly bytes: number;
  /**
   * Moves the least recently placed tensors off the backend until the others take at most `most`
   * bytes. Tensors that `forget` does not drop are moved to the `cpu` backend.
   *
   * @param most Number of bytes that may stay.
   * @param stays Tensors that must stay, regardless of size.
   * @param forget Drops a tensor that need not be moved; returns true if it did.
   */
  moveOldest(
    most: number,
    stays: (dataId: DataId) => boolean,
    forget?: (dataId: DataId, bytes: number) => boolean,
  ): void;
  /** Moves all tensors to the `cpu` backend, where they stay until an op reads them. */
  moveToCpu(): void;
  /** Frees data without a tensor, such as outputs of an op that threw. */
  freeStrays(): void;
}

/** Methods that TensorFlow.js calls on the backend that holds a tensor's data. */
type DataHolder = Pick<
  KernelBackend,
  "disposeData" | "incRef" | "read" | "readSync" | "refCount"
>;

/** TensorFlow.js's record of a tensor's data; its types do not show it. */
interface DataInfo {
  backend: DataHolder;
  shape: number[];
  dtype: DataType;
}

/** A backend's record of a tensor's data, of which only these parts matter here. */
type PlacedData = Pick<DataInfo, "shape" | "dtype">;

/** Moves a tensor to another backend on demand. */
export interface DataMover {
  moveData(to: KernelBackend, dataId: DataId): void;
}

const known = new WeakMap<object, LiveData>();

/** Returns the live data of a backend passed to {@linkcode trackLiveData}. */
export function liveDataOf(backend: object): LiveData {
  const live = known.get(backend);
  if (live === undefined) {
    throw new InputError(
      refusal`backend is unknown, expected that of an engine that startEngine() started`,
    );
  }
  return live;
}

/** Returns TensorFlow.js's record of a tensor's data, unless they are freed. */
export function dataInfo(tf: TensorFlow, dataId: DataId): DataInfo | undefined {
  return tf.engine().state.tensorInfo.get(dataId) as unknown as DataInfo | undefined;
}

/** TensorFlow.js's records of all tensors' data. */
export interface DataRecords {
  get(dataId: DataId): DataInfo | undefined;
  has(dataId: DataId): boolean;
  set(dataId: DataId, info: DataInfo): void;
  delete(dataId: DataId): boolean;
}

/**
 * Keeps records in the data ids, which takes 0.4 µs less for each tensor than the weak map of
 * TensorFlow.js.
 */
class QuickRecords implements DataRecords {
  /** Takes the records of data that exist already. */
  constructor(readonly before: DataRecords) {}

  get(dataId: DataId): DataInfo | undefined {
    return (dataId as Slots)[RECORD] ?? this.before.get(dataId);
  }

  has(dataId: DataId): boolean {
    return (dataId as Slots)[RECORD] !== undefined || this.before.has(dataId);
  }

  set(dataId: DataId, info: DataInfo): void {
    (dataId as Slots)[RECORD] = info;
  }

  delete(dataId: DataId): boolean {
    const known = (dataId as Slots)[RECORD] !== undefined;
    (dataId as Slots)[RECORD] = undefined;
    return this.before.delete(dataId) || known;
  }
}

/** Replaces TensorFlow.js's records by quicker ones, for good: they outlive the engine, as tensors do. */
export function quickenRecords(state: { tensorInfo: DataRecords }): void {
  if (!(state.tensorInfo instanceof QuickRecords)) {
    state.tensorInfo = new QuickRecords(state.tensorInfo);
  }
}

/** Smaller tensors stay: moving them costs more than it saves. */
const MIN_MOVED_BYTES = 2 ** 14;

/**
 * Tracks the data on a backend. TensorFlow.js keeps them in weak maps, which cannot be listed, are
 * slow (0.4 µs for each tensor), and lose every tensor of a backend that is removed.
 *
 * @param backend Backend that has no tensors yet.
 */
export function trackLiveData(
  tf: TensorFlow,
  backend: Pick<KernelBackend, "disposeData" | "move"> & { dataIdMap: object },
): LiveData {
  const tracked = new TrackedData(tf, backend);
  const map = backend.dataIdMap as { dataMover: DataMover };
  const methods = {
    get(dataId: DataId) {
      const placed = tracked.find(dataId);
      if (placed !== undefined) return placed.data;
      map.dataMover.moveData(backend as unknown as KernelBackend, dataId);
      return tracked.find(dataId)?.data;
    },
    set: (dataId: DataId, data: PlacedData) => tracked.place(dataId, data),
    has: (dataId: DataId) => tracked.find(dataId) !== undefined,
    delete: (dataId: DataId) => tracked.strike(dataId),
    numDataIds: () => tracked.count,
  };
  for (const [name, value] of Object.entries(methods)) patchProperty(map, name, { value });
  const { move } = backend;
  // Also called by `write`. The stock method copies the bytes of any array as if it had the dtype.
  const convertAndMove: KernelBackend["move"] = (dataId, values, shape, dtype, holders) =>
    move.call(backend, dataId, convertValues(values, dtype), shape, dtype, holders);
  patchProperty(backend, "move", { value: convertAndMove });
  const mover: DataMover = { moveData: (to, dataId) => bring(tf, dataId, to) };
  patchProperty(map, "dataMover", { value: mover });
  known.set(backend, tracked);
  return tracked;
}

/** Data on a backend, in a list from those placed first to those placed last. */
interface Placed {
  readonly owner: TrackedData;
  readonly dataId: DataId;
  readonly data: PlacedData;
  earlier: Placed | null;
  later: Placed | null;
}

/** Data ids with the records that weak maps would hold. */
type Slots = DataId & { [PLACED]?: Placed; [RECORD]?: DataInfo };

const PLACED = Symbol("placed"), RECORD = Symbol("record");

class TrackedData implements LiveData {
  bytes = 0;
  /** Number of tensors' data. */
  count = 0;
  readonly #tf: TensorFlow;
  readonly #backend: Pick<KernelBackend, "disposeData">;
  #first: Placed | null = null;
  #last: Placed | null = null;

  constructor(tf: TensorFlow, backend: Pick<KernelBackend, "disposeData">) {
    this.#tf = tf;
    this.#backend = backend;
  }

  /** Returns data if they are on the backend. */
  find(dataId: DataId): Placed | undefined {
    const placed = (dataId as Slots)[PLACED];
    return placed?.owner === this ? placed : undefined;
  }

  /** Records data placed on the backend, possibly over others. */
  place(dataId: DataId, data: PlacedData): void {
    this.strike(dataId);
    const placed: Placed = { owner: this, dataId, data, earlier: this.#last, later: null };
    (dataId as Slots)[PLACED] = placed;
    if (this.#last === null) this.#first = placed;
    else this.#last.later = placed;
    this.#last = placed;
    this.count++;
    this.bytes += bytesOf(data);
  }

  /** Records that data left the backend; returns true if they were there. */
  strike(dataId: DataId): boolean {
    const placed = this.find(dataId);
    if (placed === undefined) return false;
    const { earlier, later } = placed;
    if (earlier === null) this.#first = later;
    else earlier.later = later;
    if (later === null) this.#last = earlier;
    else later.earlier = earlier;
    (dataId as Slots)[PLACED] = undefined;
    this.count--;
    this.bytes -= bytesOf(placed.data);
    return true;
  }

  /** Lists the data in the order in which they were placed. Data may leave meanwhile. */
  *#listed(): Iterable<Placed> {
    for (let placed = this.#first; placed !== null; placed = placed.later) {
      // Data that left keep their place in the list until it is read to its end.
      if (this.find(placed.dataId) === placed) yield placed;
    }
  }

  moveOldest(
    most: number,
    stays: (dataId: DataId) => boolean,
    forget: (dataId: DataId, bytes: number) => boolean = () => false,
  ): void {
    for (const { dataId, data } of this.#listed()) {
      if (this.bytes <= most) return;
      const size = bytesOf(data);
      if (size < MIN_MOVED_BYTES || stays(dataId) || forget(dataId, size)) continue;
      moveToCpu(this.#tf, dataId);
    }
  }

  moveToCpu(): void {
    for (const { dataId } of this.#listed()) moveToCpu(this.#tf, dataId);
  }

  freeStrays(): void {
    for (const { dataId } of this.#listed()) {
      if (dataInfo(this.#tf, dataId) === undefined) this.#backend.disposeData(dataId, true);
    }
  }
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Returns true if a tensor of this dtype has a number per entry. */
export function isNumeric(dtype: DataType): dtype is keyof typeof ARRAYS {
  return dtype in ARRAYS;
}

/**
 * Converts values to the array type that the WASM heap expects for their dtype. TensorFlow.js's
 * `cpu` backend keeps any array that it was given, even a plain one.
 *
 * @param values The values; `null` stays `null`.
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

/** Returns the bytes of a tensor: four per number, one per boolean. */
function bytesOf({ shape, dtype }: PlacedData): number {
  let bytes = dtype === "bool" ? 1 : 4;
  for (const length of shape) bytes *= length;
  return bytes;
}

/**
 * Moves a tensor's data to a backend. TensorFlow.js would release them before it knows that there
 * is room.
 *
 * @param to Backend that does not hold them yet.
 */
export function bring(tf: TensorFlow, dataId: DataId, to: KernelBackend): void {
  const info = dataInfo(tf, dataId)!;
  const { backend: from, shape, dtype } = info;
  to.move(dataId, from.readSync(dataId), shape, dtype, from.refCount(dataId));
  from.disposeData(dataId, true);
  info.backend = to;
}

/**
 * Moves a tensor's data to the `cpu` backend, as TensorFlow.js's `moveData` does, even off a broken
 * backend: after a trap its allocator may trap, too. Data that cannot be read become NaN, so that
 * they are not mistaken for numbers.
 */
export function moveToCpu(tf: TensorFlow, dataId: DataId): void {
  const info = dataInfo(tf, dataId);
  // Data that an op left when it threw belong to no tensor, so nothing can read them.
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
    // The memory is released with its backend.
  }
  const cpu = tf.engine().findBackend("cpu");
  info.backend = cpu;
  cpu.move(dataId, values, shape, dtype, holders);
}
