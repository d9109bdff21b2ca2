import { anyObject, requireValue } from "../../ground/words/shape.ts";
import { EngineError } from "../engine.ts";
import type { Heap } from "../heap/heap.ts";
import { createNativeModule, type NativeModule } from "../native/native_module.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";
import { settleDtype } from "../settle_dtype.ts";
import { type TensorFlow, tensorFlow } from "../tensorflow.ts";
import { activationsRepair, selfGatedRepair, softmaxRepair } from "./activations.ts";
import {
  addRepair,
  castRepair,
  clipByValueRepair,
  comparisonsRepair,
  oneHotRepair,
} from "./element_wise.ts";
import { conv2dRepair, conv3dRepair, depthwiseConv2dNativeRepair } from "./convolutions.ts";
import type { KernelInputs, OpContext, OpRepair } from "./define_op.ts";
import { poolingRepair } from "./pooling.ts";
import { einsumRepair } from "./einsum.ts";
import { gradientRepairsRepair, resizeGradientsRepair } from "./gradient_repairs.ts";
import { gatherV2Repair, sliceRepair, tileRepair } from "./indexing.ts";
import { manyAxesRepair, transposeRepair } from "./transpose.ts";
import { matMulRepair } from "./mat_mul.ts";
import { fusedBatchNormRepair, normalizationsRepair } from "./normalizations.ts";
import { recurrentRepair } from "./recurrent.ts";
import { cumulativeRepair, extremumRepair, sumRepair } from "./reductions.ts";
import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";

/** Options of {@linkcode installOps}. */
export interface OpOptions {
  /**
   * Number of threads to compute with, if the backend manages threads itself. Results do not depend
   * on it. Default: 1.
   */
  threads?: number;
  /**
   * True to use fused multiply-add (relaxed SIMD) if the runtime has it. Without it, results are
   * the same on every machine. Default: true.
   */
  relaxedSimd?: boolean;
}

/** Engines of TensorFlow.js that have the ops, or are about to. */
const claimed = new WeakSet<object>();

/** Functions that restore the ops of each engine. */
const renewals = new WeakMap<object, () => void>();

/** Restores ops and gradients that another copy of TensorFlow.js has replaced. */
export function renewOps(tf: TensorFlow): void {
  renewals.get(tf.engine())?.();
}

/**
 * Adds ops that TensorFlow.js's WASM backend lacks, and replaces those that are wrong or slow. The
 * backend must be active. If it is stopped and started again, the ops follow it.
 *
 * @param tf The TensorFlow.js module whose WASM backend to repair.
 * @param options Threads and relaxed SIMD.
 * @returns A function that removes all ops at once and restores those registered before. Its
 * promise resolves when the threads have ended.
 * @throws {EngineError} If the active backend is not `wasm`, or the ops are already installed or
 * being installed.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import "@tensorflow/tfjs-backend-wasm";
 * import { installOps } from "@gradient-health/gradient-health/ops";
 *
 * await tf.setBackend("wasm");
 * const uninstall = await installOps(tf);
 * const kernel = tf.ones<tf.Rank.R4>([3, 3, 1, 2]);
 * const image = tf.ones<tf.Rank.R4>([1, 5, 5, 1]);
 * // Stock: "Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'".
 * const dw = tf.grad((w) => tf.conv2d(image, w as tf.Tensor4D, 1, "valid").sum())(kernel);
 * console.assert(dw.dataSync()[0] === 9);
 * await uninstall();
 * ```
 */
export async function installOps(
  tf: TensorFlow,
  options: OpOptions = {},
): Promise<() => Promise<void>> {
  requireValue("tf", tf, tensorFlow);
  requireValue("options", options, anyObject);
  const { takeBack } = await placeOps(tf, options);
  return takeBack;
}

interface PlacedOps {
  /** Heap that they work on. */
  readonly heap: Heap;
  /** Removes them; see {@linkcode installOps}. */
  takeBack(): Promise<void>;
}

/**
 * Installs the ops as {@linkcode installOps} does, for an engine, which measures on the same
 * heap.
 */
export async function placeOps(
  tf: TensorFlow,
  { threads = 1, relaxedSimd = true }: OpOptions,
): Promise<PlacedOps> {
  if (tf.getBackend() !== "wasm") {
    throw new EngineError(
      `installOps needs the active backend to be "wasm", found "${tf.getBackend()}": ` +
        `await tf.setBackend("wasm") first`,
    );
  }
  const engine = tf.engine();
  if (claimed.has(engine)) {
    throw new EngineError(
      "The kernels are installed already: take them back before installing again",
    );
  }
  // Before the first await, since another call may come meanwhile.
  claimed.add(engine);
  let ops: Ops;
  try {
    ops = new Ops(tf, { threads, relaxedSimd });
    await ops.native.ready();
  } catch (error) {
    claimed.delete(engine);
    throw error;
  }
  ops.install();
  return ops;
}

/** Ops on the heap of a backend, which may be started again. */
class Ops implements OpContext, PlacedOps {
  readonly tf: TensorFlow;
  readonly threads: number;
  backend: WasmBackend;
  native: NativeModule;
  readonly heap: Heap;
  readonly #relaxedSimd: boolean;
  readonly #stockKernels = new Map<string, KernelConfig>();
  readonly #undo: (() => void)[] = [];

  constructor(tf: TensorFlow, { threads, relaxedSimd }: Required<OpOptions>) {
    this.tf = tf;
    this.threads = threads;
    this.#relaxedSimd = relaxedSimd;
    this.backend = tf.backend() as unknown as WasmBackend;
    this.native = this.#makeNative();
    const nativeOf = () => this.native;
    this.heap = {
      tf,
      get native() {
        return nativeOf();
      },
      address: (tensor) => {
        // Inputs of a running op are settled; other tensors may not be.
        settleDtype(tf, tensor);
        return this.address(tensor);
      },
    };
  }

  install(): void {
    const engine = this.tf.engine();
    const kernels = REPAIRS.flatMap(({ kernels = [] }) => kernels);
    for (const factory of kernels) this.#undo.push(this.#replaceKernel(factory(this)));
    const gradients = REPAIRS.flatMap(({ gradients = [] }) => gradients)
      .map((factory) => factory(this));
    for (const gradient of gradients) this.#undo.push(replaceGradient(this.tf, gradient));
    renewals.set(engine, rememberOps(this.tf, gradients));
    this.#undo.push(() => {
      claimed.delete(engine);
      renewals.delete(engine);
    });
  }

  takeBack = async (): Promise<void> => {
    this.#undo.splice(0).reverse().forEach((undo) => undo());
    await this.native.stop();
  };

  // Functions rather than methods: ops take them out of their context.

  stock: OpContext["stock"] = (name, inputs, attrs = {}) =>
    this.#call(this.#stockKernels.get(name) ?? this.tf.getKernel(name, "wasm"), inputs, attrs);

  run: OpContext["run"] = (name, inputs, attrs = {}) =>
    this.#call(this.tf.getKernel(name, "wasm"), inputs, attrs);

  dispose: OpContext["dispose"] = (...tensors) =>
    tensors.forEach(({ dataId }) => this.backend.disposeData(dataId));

  address: OpContext["address"] = ({ dataId }) => this.backend.dataIdMap.get(dataId).memoryOffset;

  #call(config: KernelConfig, inputs: KernelInputs, attrs: object): TensorInfo {
    const { backend } = this;
    // deno-lint-ignore no-explicit-any -- attributes differ between ops
    const given: any = { inputs, backend, attrs };
    return config.kernelFunc(given) as TensorInfo;
  }

  #makeNative(): NativeModule {
    return createNativeModule(this.backend, {
      relaxedSimd: this.#relaxedSimd,
      threads: this.threads,
    });
  }

  #replaceKernel(kernel: KernelConfig): () => void {
    const { tf } = this;
    const { kernelName } = kernel;
    const stock = tf.getKernel(kernelName, "wasm") as KernelConfig | undefined;
    if (stock !== undefined) this.#stockKernels.set(kernelName, stock);
    const config: KernelConfig = {
      ...kernel,
      backendName: "wasm",
      // Called when the backend starts again, possibly with another heap.
      setupFunc: (started) => {
        stock?.setupFunc?.(started);
        if (started === this.backend) return;
        this.backend = started as WasmBackend;
        this.native = this.#makeNative();
      },
      disposeFunc: (stopped) => {
        stock?.disposeFunc?.(stopped);
        // Stops with the backend, even if the ops are not removed.
        if (stopped === this.backend) this.native.stop();
      },
    };
    register(tf, kernelName, config);
    return () => {
      // Keeps an op that someone registered over ours since.
      if (tf.getKernel(kernelName, "wasm") !== config) return;
      register(tf, kernelName, stock);
      if (tf.findBackend("wasm") === this.backend as object) stock?.setupFunc?.(this.backend);
    };
  }
}

function register(tf: TensorFlow, kernelName: string, config: KernelConfig | undefined): void {
  // TensorFlow.js warns if an op is registered over another, but not if that is removed first.
  if (tf.getKernel(kernelName, "wasm") !== undefined) tf.unregisterKernel(kernelName, "wasm");
  if (config !== undefined) tf.registerKernel(config);
}

function replaceGradient(tf: TensorFlow, gradient: GradConfig): () => void {
  const stock = tf.getGradient(gradient.kernelName) as GradConfig | undefined;
  tf.registerGradient(gradient);
  return () => {
    if (tf.getGradient(gradient.kernelName) !== gradient) return;
    if (stock === undefined) tf.unregisterGradient(gradient.kernelName);
    else tf.registerGradient(stock);
  };
}

/** An op and gradient that this project does not replace. */
const WITNESS = "Sin";

/**
 * Remembers what is registered, to restore it. Every copy of TensorFlow.js in a process registers
 * its own ops and gradients over existing ones when it is imported: the repairs would silently
 * disappear, and ops of another copy's WASM backend do not know this backend. Ops that a program
 * registers one by one are kept.
 *
 * @param tf The TensorFlow.js that the ops are installed in.
 * @returns A function that restores what another copy has replaced.
 */
function rememberOps(tf: TensorFlow, gradients: readonly GradConfig[]): () => void {
  const kernels = tf.getKernelsForBackend("wasm");
  const kernelOf = (): KernelConfig | undefined => tf.getKernel(WITNESS, "wasm");
  let gradient = tf.getGradient(WITNESS);
  const kernel = kernelOf();
  return () => {
    if (kernelOf() !== kernel) {
      for (const config of kernels) {
        if (tf.getKernel(config.kernelName, "wasm") === config) continue;
        tf.unregisterKernel(config.kernelName, "wasm");
        tf.registerKernel(config);
      }
    }
    if (tf.getGradient(WITNESS) === gradient) return;
    gradients.forEach((config) => tf.registerGradient(config));
    gradient = tf.getGradient(WITNESS);
  };
}

/** All repairs of this project. Each file holds the ops of one operation and its gradients. */
const REPAIRS: readonly OpRepair[] = [
  activationsRepair,
  addRepair,
  castRepair,
  comparisonsRepair,
  clipByValueRepair,
  conv2dRepair,
  conv3dRepair,
  cumulativeRepair,
  depthwiseConv2dNativeRepair,
  einsumRepair,
  extremumRepair,
  fusedBatchNormRepair,
  gatherV2Repair,
  gradientRepairsRepair,
  manyAxesRepair,
  matMulRepair,
  poolingRepair,
  normalizationsRepair,
  oneHotRepair,
  recurrentRepair,
  resizeGradientsRepair,
  selfGatedRepair,
  sliceRepair,
  softmaxRepair,
  sumRepair,
  tileRepair,
  transposeRepair,
];
