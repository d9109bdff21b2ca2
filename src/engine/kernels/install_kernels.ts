import type { GradConfig, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import { createNativeModule, type NativeModule } from "../native/native_module.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";
import type { Heap } from "../heap.ts";
import { settleDtype } from "../settle_dtype.ts";
import type { TensorFlow } from "../tensorflow.ts";
import type { KernelContext, KernelInputs } from "./kernel_context.ts";
import { REPAIRS } from "./registry.ts";
import { object, requireValue } from "../../words/requirements.ts";
import { EngineError } from "../engine_error.ts";
import { tensorFlow } from "../tensorflow_requirement.ts";

/** Options of {@linkcode installKernels}. */
export interface KernelOptions {
  /**
   * How many threads to compute in, where the backend runs threads itself. It never changes a result.
   * Default: 1.
   */
  threads?: number;
  /**
   * Whether to use fused multiply-add (relaxed SIMD) where the runtime has it. Without, results are
   * the same on every machine. Default: true.
   */
  relaxedSimd?: boolean;
}

/** The engines of TensorFlow.js that have the kernels, or are about to. */
const claimed = new WeakSet<object>();

/** How to put the kernels back in each that has them. */
const renewals = new WeakMap<object, () => void>();

/** Puts kernels and gradients back that another copy of TensorFlow.js has replaced since. */
export function renewKernels(tf: TensorFlow): void {
  renewals.get(tf.engine())?.();
}

/**
 * Adds the kernels that TensorFlow.js's WASM backend lacks, corrects those that are wrong and replaces
 * those that are slow. The backend must be the active one. When it is stopped and started again the
 * kernels follow it.
 *
 * @param tf The TensorFlow.js module whose WASM backend to repair.
 * @param options Threads and relaxed SIMD.
 * @returns A function that takes every kernel back at once and leaves what was registered before,
 * whole. What it returns resolves when the threads have ended.
 * @throws {EngineError} If the active backend is not `wasm`, or the kernels are installed already or about to
 * be.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import "@tensorflow/tfjs-backend-wasm";
 * import { installKernels } from "@gradient-health/gradient-health/kernels";
 *
 * await tf.setBackend("wasm");
 * const uninstall = await installKernels(tf);
 * const kernel = tf.ones<tf.Rank.R4>([3, 3, 1, 2]);
 * const image = tf.ones<tf.Rank.R4>([1, 5, 5, 1]);
 * // Stock: "Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'".
 * const dw = tf.grad((w) => tf.conv2d(image, w as tf.Tensor4D, 1, "valid").sum())(kernel);
 * console.assert(dw.dataSync()[0] === 9);
 * await uninstall();
 * ```
 */
export async function installKernels(
  tf: TensorFlow,
  options: KernelOptions = {},
): Promise<() => Promise<void>> {
  requireValue("tf", tf, tensorFlow);
  requireValue("options", options, object);
  const { takeBack } = await placeKernels(tf, options);
  return takeBack;
}

/** Kernels in their places. */
export interface PlacedKernels {
  /** The heap that they work on. */
  readonly heap: Heap;
  /** Takes them back; see {@linkcode installKernels}. */
  takeBack(): Promise<void>;
}

/** Does what {@linkcode installKernels} does, for an engine, which measures on the same heap. */
export async function placeKernels(
  tf: TensorFlow,
  { threads = 1, relaxedSimd = true }: KernelOptions,
): Promise<PlacedKernels> {
  if (tf.getBackend() !== "wasm") {
    throw new EngineError(
      `installKernels needs the active backend to be "wasm", found "${tf.getBackend()}": ` +
        `await tf.setBackend("wasm") first`,
    );
  }
  const engine = tf.engine();
  if (claimed.has(engine)) {
    throw new EngineError(
      "The kernels are installed already: take them back before installing again",
    );
  }
  // Before anything is waited for: another call may come meanwhile.
  claimed.add(engine);
  let backend = tf.backend() as unknown as WasmBackend;
  let native: NativeModule;
  try {
    native = makeNative();
    await native.ready();
  } catch (error) {
    claimed.delete(engine);
    throw error;
  }

  const call = (config: KernelConfig, inputs: KernelInputs, attrs: object) =>
    // deno-lint-ignore no-explicit-any -- every kernel has attributes of its own
    config.kernelFunc({ inputs: inputs as any, backend, attrs: attrs as any }) as TensorInfo;
  const stockKernels = new Map<string, KernelConfig>();
  const context: KernelContext = {
    tf,
    threads,
    get backend() {
      return backend;
    },
    get native() {
      return native;
    },
    stock: (name, inputs, attrs = {}) =>
      call(stockKernels.get(name) ?? tf.getKernel(name, "wasm"), inputs, attrs),
    run: (name, inputs, attrs = {}) => call(tf.getKernel(name, "wasm"), inputs, attrs),
    dispose: (...tensors) => tensors.forEach(({ dataId }) => backend.disposeData(dataId)),
    address: ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
  };

  const takeBack: (() => void)[] = [];
  const kernels = REPAIRS.flatMap(({ kernels = [] }) => kernels);
  for (const factory of kernels) takeBack.push(replaceKernel(factory(context)));
  const gradients = REPAIRS.flatMap(({ gradients = [] }) => gradients)
    .map((factory) => factory(context));
  for (const gradient of gradients) takeBack.push(replaceGradient(tf, gradient));
  renewals.set(engine, rememberKernels(tf, gradients));
  return {
    heap: {
      tf,
      get native() {
        return native;
      },
      address(tensor) {
        // A kernel's inputs are settled when it runs; what is read beside it is not.
        settleDtype(tf, tensor);
        return context.address(tensor);
      },
    },
    async takeBack() {
      if (takeBack.length > 0) {
        claimed.delete(engine);
        renewals.delete(engine);
      }
      takeBack.splice(0).reverse().forEach((undo) => undo());
      await native.stop();
    },
  };

  function makeNative(): NativeModule {
    return createNativeModule(backend, { relaxedSimd, threads });
  }

  function replaceKernel(kernel: KernelConfig): () => void {
    const { kernelName } = kernel;
    const stock = tf.getKernel(kernelName, "wasm") as KernelConfig | undefined;
    if (stock !== undefined) stockKernels.set(kernelName, stock);
    const config: KernelConfig = {
      ...kernel,
      backendName: "wasm",
      // TensorFlow.js calls it when the backend starts again, maybe with another heap.
      setupFunc(started) {
        stock?.setupFunc?.(started);
        if (started === backend) return;
        backend = started as WasmBackend;
        native = makeNative();
      },
      disposeFunc(stopped) {
        stock?.disposeFunc?.(stopped);
        // It goes with its backend, also where the kernels are not taken back.
        if (stopped === backend) native.stop();
      },
    };
    register(kernelName, config);
    return () => {
      // Someone may have registered over ours since: theirs stays.
      if (tf.getKernel(kernelName, "wasm") !== config) return;
      register(kernelName, stock);
      if (tf.findBackend("wasm") === backend as object) stock?.setupFunc?.(backend);
    };
  }

  function register(kernelName: string, config: KernelConfig | undefined): void {
    // Registering over a kernel makes TensorFlow.js warn; removing it first does not.
    if (tf.getKernel(kernelName, "wasm") !== undefined) tf.unregisterKernel(kernelName, "wasm");
    if (config !== undefined) tf.registerKernel(config);
  }
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

/** A kernel and a gradient that this project leaves as they are. */
const WITNESS = "Sin";

/**
 * Remembers what is registered, to put it back. Every copy of TensorFlow.js in a process registers its own
 * kernels and gradients in place of those that were there, when it is imported: the repairs would be gone
 * without a word, and kernels of another copy's WASM backend know no backend. What a program registers
 * itself, one by one, stays.
 *
 * @param tf The TensorFlow.js that the kernels are installed in.
 * @param gradients The gradients that were installed.
 * @returns Puts back what another copy has replaced since.
 */
function rememberKernels(tf: TensorFlow, gradients: readonly GradConfig[]): () => void {
  const kernels = tf.getKernelsForBackend("wasm");
  const kernelOf = (): KernelConfig | undefined => tf.getKernel(WITNESS, "wasm");
  let gradient = tf.getGradient(WITNESS);
  const kernel = kernelOf();
  return () => {
    if (kernelOf() !== kernel) {
      for (const config of kernels) {
        if (tf.getKernel(config.kernelName, "wasm") === config) continue;
        // Registering over a kernel makes TensorFlow.js warn; removing it first does not.
        tf.unregisterKernel(config.kernelName, "wasm");
        tf.registerKernel(config);
      }
    }
    if (tf.getGradient(WITNESS) === gradient) return;
    gradients.forEach((config) => tf.registerGradient(config));
    gradient = tf.getGradient(WITNESS);
  };
}
