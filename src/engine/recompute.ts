import type { DataId, NamedTensorMap } from "@tensorflow/tfjs";
import { dataInfo, moveToCpu } from "./live_data.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";
import { SWEEPS } from "./sweeping_kernels.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

type RunKernel = ReturnType<TensorFlow["engine"]>["runKernel"];

/** What a kernel is told beside its inputs. */
export type Attributes = Parameters<RunKernel>[2];

/** How a kernel made the entries of a tensor. */
interface Recipe {
  kernelName: string;
  /** What it read, as it was then: a variable may have other entries by now, and a tensor may be disposed of. */
  inputs: NamedTensorMap;
  attributes: Attributes;
  /** Which of its outputs the tensor is. */
  output: number;
}

/** A dropped tensor that can be recomputed. */
interface Forgotten {
  recipe: Recipe;
  /** The inputs of the recipe, which have to stay until they have been read. */
  held: NamedTensorMap;
  /** How many tensors have these entries. */
  holders: number;
  bytes: number;
}

/** The most kernels that may have to run to get forgotten entries back. */
const MOST_KERNELS = 4;

/** What is missing of the entries that a kernel reads. */
interface Missing {
  /** How many kernels have to run for them. */
  kernels: number;
  /** What they and those between take on the heap. */
  bytes: number;
}

/**
 * Forgets the entries of tensors that a sweep has made, and runs the sweep again when they are asked for: gradient
 * checkpointing, kernel by kernel. TensorFlow.js takes this for the backend that they lie on.
 */
export class Recomputation {
  readonly #tf: TensorFlow;
  readonly #backend: WasmBackend;
  readonly #runKernel: RunKernel;
  readonly #recipes = new WeakMap<DataId, Recipe>();
  readonly #forgotten = new Map<DataId, Forgotten>();

  /**
   * @param tf A TensorFlow.js whose WASM backend is active.
   * @param runKernel Runs a kernel and moves nothing, because the caller may hold addresses of other tensors.
   */
  constructor(tf: TensorFlow, runKernel: RunKernel) {
    this.#tf = tf;
    this.#backend = tf.backend() as unknown as WasmBackend;
    this.#runKernel = runKernel;
  }

  /** Notes how a kernel made its outputs. */
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
   * Forgets entries that can be computed again with little work.
   *
   * @param dataId Entries on the WASM heap.
   * @param bytes What they take there.
   * @returns Whether they were forgotten.
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

  /** What has to be computed again before these can be read. */
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
   * Computes forgotten entries again, where these are.
   *
   * @returns Whether they were.
   */
  remember(dataId: DataId): boolean {
    const forgotten = this.#forgotten.get(dataId);
    if (forgotten === undefined) return false;
    const { recipe: { kernelName, attributes, output }, held, holders } = forgotten;
    const { state } = this.#tf.engine();
    this.#tf.tidy(() => {
      // What a kernel runs is not recorded, and neither is this.
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
   * Gives what is still forgotten, and somebody has, a place in JavaScript's memory.
   *
   * @throws {RangeError} If the heap has no room for some of it, which then becomes NaN.
   */
  finish(): void {
    let full: RangeError | null = null;
    for (const dataId of [...this.#forgotten.keys()]) {
      // Where it is an input of one before it, it may be gone by now.
      if (!this.#forgotten.has(dataId)) continue;
      try {
        this.remember(dataId);
      } catch (error) {
        // A broken engine computes nothing: moved, it becomes NaN.
        if (error instanceof RangeError) full ??= error;
      }
      moveToCpu(this.#tf, dataId);
    }
    if (full !== null) throw full;
  }

  // What TensorFlow.js asks the backend of a tensor for.

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

  disposeData(dataId: DataId, force = false): boolean {
    const forgotten = this.#forgotten.get(dataId);
    if (forgotten === undefined) return true;
    if (--forgotten.holders > 0 && !force) return false;
    this.#release(dataId);
    return true;
  }

  /** A tensor of its own with the same entries. */
  #hold({ dataId, shape, dtype }: Tensor): Tensor {
    const engine = this.#tf.engine();
    dataInfo(this.#tf, dataId)!.backend.incRef(dataId);
    return engine.keep(engine.makeTensorFromTensorInfo({ dataId, shape, dtype }));
  }

  /** The most kernels that a forgotten tensor takes whose recipe reads these entries, or reads such a tensor. */
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

  /** Hands the place of one tensor's entries to another. */
  #hand(from: DataId, to: DataId, holders: number): void {
    const { dataIdMap } = this.#backend;
    const data = dataIdMap.get(from);
    dataIdMap.delete(from);
    dataIdMap.set(to, { ...data, refCount: holders });
    dataInfo(this.#tf, to)!.backend = this.#backend;
  }
}

/** The tensors that a kernel reads: an optional one may be missing, and some kernels take a list. */
export function tensorsOf(inputs: NamedTensorMap): Tensor[] {
  return Object.values(inputs).flat().filter((one) => one?.dataId !== undefined);
}

function mapTensors(inputs: NamedTensorMap, map: (tensor: Tensor) => Tensor): NamedTensorMap {
  if (Array.isArray(inputs)) return inputs.map(map) as never;
  const entries = Object.entries(inputs).map(([name, one]) => [name, one == null ? one : map(one)]);
  return Object.fromEntries(entries);
}
