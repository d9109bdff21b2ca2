import type { WasmBackend } from "../native/wasm_backend.ts";
import { patchProperty } from "../patching.ts";
import { settleInputs } from "../settle_dtype.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { HEAP_LIMIT } from "./guard_heap.ts";
import {
  bring,
  dataInfo,
  type DataMover,
  type LiveData,
  liveDataOf,
  moveToCpu,
} from "./live_data.ts";
import type { DataId, NamedTensorMap } from "@tensorflow/tfjs";

/**
 * Bytes of tensors that may be on the heap when an op starts; the rest is for its inputs and
 * outputs.
 */
const MAX_TENSOR_BYTES = HEAP_LIMIT / 2;

/** Share of the limit that stays in use after an eviction, so that not every op has to evict. */
const SHARE_LEFT = 0.75;

/**
 * Runs work whose tensors do not all fit in the WASM heap. Results are unchanged. Before each op,
 * the least recently used tensors are evicted if the heap is too full: the output of a sweep over
 * other tensors is dropped and recomputed on demand, the rest moves to JavaScript's memory and
 * back. The inputs and outputs of a single op have to fit in the heap.
 *
 * @param pinned Tensors that are never evicted: XNNPACK packs weights only once while they stay.
 * @param most Bytes of tensors that may be on the heap when an op starts. Default: half of its
 * limit.
 * @returns A disposable that ends offloading. Remaining tensors keep their entries.
 */
export function offload(
  tf: TensorFlow,
  pinned: readonly Tensor[],
  most: number = MAX_TENSOR_BYTES,
): Disposable {
  return new Offload(tf, pinned, most);
}

class Offload implements Disposable {
  readonly #tf: TensorFlow;
  readonly #most: number;
  readonly #live: LiveData;
  readonly #dataIdMap: WasmBackend["dataIdMap"];
  readonly #runKernel: RunKernel;
  readonly #allocate: WasmBackend["wasm"]["_malloc"];
  readonly #recomputation: Recomputation;
  readonly #undo: (() => void)[];
  /** Tensors that must stay: the pinned ones, and the inputs of all running (nested) ops. */
  #stay: ReadonlySet<DataId>;
  /**
   * Number of running ops that made room. Outside of them, a caller may hold the address of any
   * tensor.
   */
  #running = 0;
  /** True once offloading has ended and nothing may be dropped. */
  #isOver = false;

  constructor(tf: TensorFlow, pinned: readonly Tensor[], most: number) {
    const backend = tf.backend();
    const engine = tf.engine();
    const { dataIdMap, wasm } = backend as unknown as WasmBackend;
    this.#tf = tf;
    this.#most = most;
    this.#live = liveDataOf(backend);
    this.#dataIdMap = dataIdMap;
    this.#runKernel = engine.runKernel.bind(engine);
    this.#allocate = wasm._malloc;
    this.#stay = new Set(pinned.map(({ dataId }) => dataId));
    this.#recomputation = new Recomputation(
      tf,
      (name, inputs, attributes) => this.#runInPlace(name, inputs, attributes),
    );
    const moveData: DataMover["moveData"] = (to, dataId) => {
      if (!this.#recomputation.remember(dataId)) bring(tf, dataId, to);
    };
    this.#undo = [
      patchProperty(engine, "runKernel", {
        value: (name: string, inputs: NamedTensorMap, attributes: Attributes) =>
          this.#run(name, inputs, attributes),
      }),
      patchProperty(dataIdMap.dataMover, "moveData", { value: moveData }),
      patchProperty(wasm, "_malloc", { value: (bytes: number) => this.#malloc(bytes) }),
    ];
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    // No op is running, so recomputed tensors may evict others.
    this.#running++;
    try {
      this.#recomputation.finish();
    } finally {
      for (const takeBack of this.#undo) takeBack();
    }
  }

  /** Makes room for an op, and runs it. */
  #run(name: string, inputs: NamedTensorMap, attributes: Attributes): Tensor | Tensor[] {
    settleInputs(this.#tf, inputs);
    const { bytes } = this.#recomputation.missing(tensorsOf(inputs));
    const room = () => {
      if (this.#live.bytes + bytes > this.#most) this.#makeRoom(SHARE_LEFT * this.#most - bytes);
    };
    this.#running++;
    try {
      const outputs = this.#runInPlace<Tensor | Tensor[]>(name, inputs, attributes, room);
      this.#recomputation.note(name, inputs, attributes, outputs);
      return outputs;
    } finally {
      this.#running--;
    }
  }

  /** Runs an op whose inputs stay on the heap, once there is room for them. */
  #runInPlace<Outputs extends Tensor | Tensor[]>(
    name: string,
    inputs: NamedTensorMap,
    attributes: Attributes,
    room: () => void = () => {},
  ): Outputs {
    const read = tensorsOf(inputs).map(({ dataId }) => dataId);
    const before = this.#stay;
    this.#stay = new Set([...before, ...read]);
    try {
      room();
      // Restoring inputs may move the heap, of which the op takes views.
      for (const dataId of read) this.#dataIdMap.get(dataId);
      return this.#runKernel<Outputs>(name, inputs, attributes);
    } finally {
      this.#stay = before;
    }
  }

  #makeRoom(left: number): void {
    const forget = (dataId: DataId, bytes: number) =>
      !this.#isOver && this.#recomputation.forget(dataId, bytes);
    this.#live.moveOldest(left, (dataId) => this.#stay.has(dataId), forget);
  }

  #malloc(bytes: number): number {
    for (;;) {
      try {
        return this.#allocate(bytes);
      } catch (error) {
        // Free memory may be in pieces that are too small.
        const before = this.#live.bytes;
        if (this.#running > 0 && bytes > 0) this.#makeRoom(before - bytes);
        if (this.#live.bytes === before) throw error;
      }
    }
  }
}

type RunKernel = ReturnType<TensorFlow["engine"]>["runKernel"];

type Attributes = Parameters<RunKernel>[2];

/** Op that computed a tensor, and its inputs. */
interface Recipe {
  kernelName: string;
  /**
   * Inputs as they were then: a variable may have changed since, and a tensor may have been
   * disposed.
   */
  inputs: NamedTensorMap;
  attributes: Attributes;
  /** Index of the tensor among the outputs. */
  output: number;
}

/** A dropped tensor that can be recomputed. */
interface Forgotten {
  recipe: Recipe;
  /** Inputs of the recipe, kept until they have been read. */
  held: NamedTensorMap;
  /** Number of tensors that share these entries. */
  holders: number;
  bytes: number;
}

/** Largest number of ops that may have to run to restore dropped entries. */
const MOST_KERNELS = 4;

/** Work to restore the dropped inputs of an op. */
interface Missing {
  /** Number of ops to run. */
  kernels: number;
  /** Bytes that they and intermediate results take on the heap. */
  bytes: number;
}

/**
 * Drops the outputs of sweeps and recomputes them on demand: gradient checkpointing, op by op. For
 * TensorFlow.js, this is the backend that holds them.
 */
class Recomputation {
  readonly #tf: TensorFlow;
  readonly #backend: WasmBackend;
  readonly #runKernel: RunKernel;
  readonly #recipes = new WeakMap<DataId, Recipe>();
  readonly #forgotten = new Map<DataId, Forgotten>();

  /**
   * @param tf TensorFlow.js whose WASM backend is active.
   * @param runKernel Runs an op and moves nothing, since the caller may hold addresses of other
   * tensors.
   */
  constructor(tf: TensorFlow, runKernel: RunKernel) {
    this.#tf = tf;
    this.#backend = tf.backend() as unknown as WasmBackend;
    this.#runKernel = runKernel;
  }

  /** Records the op that computed its outputs. */
  note(
    kernelName: string,
    inputs: NamedTensorMap,
    attributes: Attributes,
    outputs: Tensor | Tensor[],
  ): void {
    if (!SWEEPS.has(kernelName)) return;
    const read = mapTensors(
      inputs,
      ({ dataId, shape, dtype }) => ({ dataId, shape, dtype }) as Tensor,
    );
    const ids = new Set(tensorsOf(read).map(({ dataId }) => dataId));
    for (const [output, { dataId }] of [outputs].flat().entries()) {
      if (!ids.has(dataId)) {
        this.#recipes.set(dataId, { kernelName, inputs: read, attributes, output });
      }
    }
  }

  /**
   * Drops entries that can be recomputed with little work.
   *
   * @param dataId Entries on the WASM heap.
   * @param bytes Their size on the heap.
   * @returns True if they were dropped.
   */
  forget(dataId: DataId, bytes: number): boolean {
    const recipe = this.#recipes.get(dataId);
    if (recipe === undefined) return false;
    const inputs = tensorsOf(recipe.inputs);
    const isThere = ({ dataId }: Tensor) => dataInfo(this.#tf, dataId) !== undefined;
    if (!inputs.every(isThere)) return false;
    const kernels = this.missing(inputs).kernels + 1;
    if (kernels > MOST_KERNELS || this.#mostOfReaders(dataId) + kernels > MOST_KERNELS) {
      return false;
    }
    const held = mapTensors(recipe.inputs, (tensor) => this.#hold(tensor));
    const holders = this.#backend.refCount(dataId);
    this.#backend.disposeData(dataId, true);
    dataInfo(this.#tf, dataId)!.backend = this;
    this.#forgotten.set(dataId, { recipe, held, holders, bytes });
    return true;
  }

  /** Returns the work needed before these tensors can be read. */
  missing(tensors: readonly Tensor[]): Missing {
    const total = { kernels: 0, bytes: 0 };
    for (const { dataId } of tensors) {
      const forgotten = this.#forgotten.get(dataId);
      if (forgotten === undefined) continue;
      const before = this.missing(tensorsOf(forgotten.held));
      total.kernels += before.kernels + 1;
      total.bytes += before.bytes + forgotten.bytes;
    }
    return total;
  }

  /**
   * Recomputes entries if they were dropped.
   *
   * @returns True if they were.
   */
  remember(dataId: DataId): boolean {
    const forgotten = this.#forgotten.get(dataId);
    if (forgotten === undefined) return false;
    const { recipe: { kernelName, attributes, output }, held, holders } = forgotten;
    const { state } = this.#tf.engine();
    this.#tf.tidy(() => {
      // Ops inside an op are not recorded, and neither is this.
      state.kernelDepth++;
      try {
        const made = [this.#runKernel<Tensor | Tensor[]>(kernelName, held, attributes)].flat();
        this.#hand(made[output].dataId, dataId, holders);
      } finally {
        state.kernelDepth--;
      }
    });
    this.#release(dataId);
    return true;
  }

  /**
   * Restores dropped entries that are still in use, into JavaScript's memory.
   *
   * @throws {InputError} If the heap has no room for some of them, which then become NaN.
   */
  finish(): void {
    let full: RangeError | null = null;
    for (const dataId of [...this.#forgotten.keys()]) {
      // Remembering an earlier tensor may have released this input.
      if (!this.#forgotten.has(dataId)) continue;
      try {
        this.remember(dataId);
      } catch (error) {
        // A broken engine computes nothing: moved, the entries become NaN.
        if (error instanceof RangeError) full ??= error;
      }
      moveToCpu(this.#tf, dataId);
    }
    if (full !== null) throw full;
  }

  // Backend methods called by TensorFlow.js.

  readSync(dataId: DataId): ReturnType<WasmBackend["readSync"]> {
    this.remember(dataId);
    return this.#backend.readSync(dataId);
  }

  read(dataId: DataId): Promise<ReturnType<WasmBackend["readSync"]>> {
    return Promise.resolve(this.readSync(dataId));
  }

  refCount(dataId: DataId): number {
    return this.#forgotten.get(dataId)?.holders ?? 0;
  }

  incRef(dataId: DataId): void {
    this.#forgotten.get(dataId)!.holders++;
  }

  // deno-lint-ignore plain-code/options-object -- TensorFlow.js's signature
  disposeData(dataId: DataId, force = false): boolean {
    const forgotten = this.#forgotten.get(dataId);
    if (forgotten === undefined) return true;
    if (--forgotten.holders > 0 && !force) return false;
    this.#release(dataId);
    return true;
  }

  /** Returns another tensor with the same entries. */
  #hold({ dataId, shape, dtype }: Tensor): Tensor {
    const engine = this.#tf.engine();
    dataInfo(this.#tf, dataId)!.backend.incRef(dataId);
    return engine.keep(engine.makeTensorFromTensorInfo({ dataId, shape, dtype }));
  }

  /**
   * Returns the largest number of ops to restore a dropped tensor that depends on these entries,
   * directly or through others.
   */
  #mostOfReaders(dataId: DataId): number {
    let most = 0;
    for (const { held } of this.#forgotten.values()) {
      const inputs = tensorsOf(held);
      if (this.#reads(inputs, dataId)) most = Math.max(most, this.missing(inputs).kernels + 1);
    }
    return most;
  }

  #reads(inputs: readonly Tensor[], dataId: DataId): boolean {
    return inputs.some((input) => {
      const forgotten = this.#forgotten.get(input.dataId);
      return input.dataId === dataId ||
        forgotten !== undefined && this.#reads(tensorsOf(forgotten.held), dataId);
    });
  }

  #release(dataId: DataId): void {
    const { held } = this.#forgotten.get(dataId)!;
    this.#forgotten.delete(dataId);
    this.#tf.dispose(tensorsOf(held));
  }

  /** Moves one tensor's entries to another. */
  #hand(from: DataId, to: DataId, holders: number): void {
    const { dataIdMap } = this.#backend;
    const data = dataIdMap.get(from);
    dataIdMap.delete(from);
    dataIdMap.set(to, { ...data, refCount: holders });
    dataInfo(this.#tf, to)!.backend = this.#backend;
  }
}

/** Returns the tensors that an op reads: optional ones may be missing, and some ops take a list. */
function tensorsOf(inputs: NamedTensorMap): Tensor[] {
  return Object.values(inputs).flat().filter((one) => one?.dataId !== undefined);
}

function mapTensors(inputs: NamedTensorMap, map: (tensor: Tensor) => Tensor): NamedTensorMap {
  if (Array.isArray(inputs)) return inputs.map(map) as never;
  const entries = Object.entries(inputs).map(([name, one]) => [name, one == null ? one : map(one)]);
  return Object.fromEntries(entries);
}

/**
 * Ops that make a single pass over their inputs: running one again takes less time than moving its
 * output off the heap and back. Others are moved: products take longer, and ops that draw random
 * numbers would give different results.
 */
const SWEEPS: ReadonlySet<string> = new Set([
  "Relu",
  "Relu6",
  "LeakyRelu",
  "Prelu",
  "Elu",
  "Selu",
  "Softplus",
  "SelfGated",
  "Sigmoid",
  "Tanh",
  "Softmax",
  "ClipByValue",
  "Add",
  "AddN",
  "Sub",
  "Multiply",
  "RealDiv",
  "Maximum",
  "Minimum",
  "FusedBatchNorm",
  "NormalizeColumns",
  "NormalizeRows",
  "AvgPool",
  "MaxPool",
  "Concat",
  "PadV2",
  "Transpose",
]);
