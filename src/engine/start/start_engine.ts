import { InputError, refusal } from "../../ground/words/input_error.ts";
import { anyObject, boolean, numberFrom, requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import {
  chooseThreads,
  type Engine,
  EngineError,
  type EngineOptions,
  MAX_THREADS,
} from "../engine.ts";
import { guardHeap } from "../heap/guard_heap.ts";
import type { Heap } from "../heap/heap.ts";
import { skipStubs } from "../native/wasm_backend.ts";
import { quickenOps } from "../quicken_ops.ts";
import { runningEngine, setRunningEngine } from "../running_engine.ts";
import { takeSeedZero } from "../seed_zero.ts";
import type { TensorFlow } from "../tensorflow.ts";
import { setEngineParts } from "./prepare_engine.ts";
import { hasRelaxedSimd, requireEngineFiles } from "./engine_files.ts";
import { importTensorFlow } from "./import_tensorflow.ts";
import type { KernelBackend } from "@tensorflow/tfjs";

/** Checked and resolved options of an engine. */
interface EngineSettings {
  readonly threads: number;
  readonly relaxedSimd: boolean;
}

const OPTIONS: Record<keyof Required<EngineOptions>, true> = {
  threads: true,
  workload: true,
  relaxedSimd: true,
};

/**
 * Checks the options and resolves defaults.
 *
 * @throws {InputError} If an option is unknown or has the wrong type, or if a number is out of
 * range.
 */
export function engineSettings(options: EngineOptions): EngineSettings {
  requireValue("options", options, anyObject);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new InputError({
        place: "startEngine()",
        verb: "has",
        found: `no option ${showValue(name)}`,
        expected: Object.keys(OPTIONS).join(", "),
      });
    }
  }
  const { threads = 1, workload = 0, relaxedSimd = true } = options;
  requireValue("relaxedSimd", relaxedSimd, boolean);
  if (typeof workload !== "number") {
    throw new InputError(
      refusal`workload is ${showValue(workload)}, expected a number of operations`,
    );
  }
  requireValue("workload", workload, numberFrom(0));
  return {
    threads: threads === "auto" ? chooseThreads(workload) : requireThreads(threads),
    relaxedSimd: relaxedSimd && hasRelaxedSimd(),
  };
}

function requireThreads(threads: number): number {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new InputError(
      refusal`threads is ${
        showValue(threads)
      }, expected a whole number from 1 to ${MAX_THREADS}, or "auto"`,
    );
  }
  return threads;
}

/** Running engine, with everyone who has not stopped it yet. */
interface SharedEngine {
  readonly tf: TensorFlow;
  readonly backend: KernelBackend;
  readonly heap: Heap;
  /** Undoes what another copy of TensorFlow.js does to this one, and repairs its layers. */
  repair(model: object | null): void;
  readonly settings: EngineSettings;
  readonly holders: Set<Engine>;
  /** Removes ops, backend and workers. */
  shutDown(): Promise<void>;
}

let shared: SharedEngine | null = null;

/** Starts and stops run in sequence: each waits for the previous one. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(action: () => Promise<T>): Promise<T> {
  const turn = last.then(action);
  last = turn.catch(() => {});
  return turn;
}

/**
 * Starts TensorFlow.js on WASM, with this project's ops. Start it before building a model; a model
 * built earlier is moved to the engine when it first computes.
 *
 * A process has one engine. Starting it again with the same settings shares it: it stops when
 * everyone who started it has stopped it. Calls may overlap. After it has stopped, models and their
 * weights stay intact on TensorFlow.js's `cpu` backend until the next engine, which may have other
 * settings, takes them over. The engine does not change the program: `process` listeners, the
 * console and globals stay as before. It sets TensorFlow.js's flag `PROD`, which keeps it from
 * printing, and restores it when it stops.
 *
 * Needs `--allow-read` for one file of the package `@tensorflow/tfjs-backend-wasm`,
 * `dist/tfjs-backend-wasm-simd.wasm`, or with threads `dist/tfjs-backend-wasm-threaded-simd.wasm`.
 * The error for a missing permission gives its path. No other permission is needed, not even
 * `--allow-env` or `--allow-sys`.
 *
 * @param options Threads and relaxed SIMD. Default: one thread, relaxed SIMD if available.
 * @returns The engine. Hold it with `await using`, or stop it.
 * @throws {EngineError} If it cannot start, or already runs with other settings. It never falls
 * back to the slow `cpu` backend.
 * @throws {InputError} If an option is unknown or has the wrong type, or if `threads` is not an
 * integer from 1 to 8, or `workload` is negative.
 *
 * @example
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = tf.sequential();
 * model.add(tf.layers.dense({ units: 3, inputShape: [4] }));
 * console.assert(tf.getBackend() === "wasm");
 * ```
 *
 * @example Two threads
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 *
 * await using engine = await startEngine({ threads: 2 });
 * console.assert(engine.threads === 2);
 * ```
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const settings = engineSettings(options);
  return await inTurn(() => acquire(settings, { isHeld: true }));
}

/**
 * Returns the running engine, with any settings; if none is running, starts one with the defaults.
 * That one does not have to be stopped: it has no workers, and a later `startEngine` takes it over,
 * or replaces it if the settings differ.
 *
 * @throws {EngineError} If it cannot start.
 */
export async function ensureEngine(): Promise<Engine> {
  const settings = engineSettings({});
  return await inTurn(async () => runningEngine() ?? await acquire(settings, { isHeld: false }));
}

/** Number of those who keep a stopped engine for the next start. */
let keepers = 0;

/**
 * Keeps an engine that everyone has stopped for the next start with the same settings, until the
 * result is disposed of. A start takes 12 ms, as long as the pass of a small model.
 */
export function keepEngine(): AsyncDisposable {
  keepers++;
  return {
    async [Symbol.asyncDispose]() {
      keepers--;
      await inTurn(releaseIdle);
    },
  };
}

/** Stops the engine if nothing uses it and nothing keeps it running. */
async function releaseIdle(): Promise<void> {
  if (shared !== null && shared.holders.size === 0 && keepers === 0) await release(shared);
}

async function acquire(settings: EngineSettings, { isHeld }: { isHeld: boolean }): Promise<Engine> {
  // After a trap the heap is unusable, so that engine is replaced.
  if (shared !== null && !computes(shared)) await release(shared);
  if (shared !== null && !same(shared.settings, settings)) {
    if (shared.holders.size > 0) {
      throw new EngineError(
        `An engine with ${describe(shared.settings)} runs already: ` +
          `stop it before starting one with ${describe(settings)}`,
      );
    }
    await release(shared);
  }
  shared ??= await start(settings);
  const engine = makeHandle(shared);
  if (isHeld) shared.holders.add(engine);
  if (runningEngine() === null || shared.holders.size === 1) setRunningEngine(engine);
  return engine;
}

async function start(settings: EngineSettings): Promise<SharedEngine> {
  await requireEngineFiles(settings.threads);
  const tf = await importTensorFlow();
  const { startBackend } = await import("./start_backend.ts");
  const { placeOps, renewOps } = await import("../ops/install_ops.ts");
  const layers = await import("../repairs/install_layer_repairs.ts");
  const { watchNames } = await import("../repairs/watch_names.ts");
  const removeBackend = await startBackend(tf, settings.threads);
  try {
    skipStubs(tf);
    guardHeap(tf);
    const kernels = await placeOps(tf, settings);
    const takeLayersBack = layers.installLayerRepairs(tf);
    const stopWatching = watchNames(tf);
    const slowDown = quickenOps(tf);
    return {
      tf: takeSeedZero(tf),
      backend: tf.backend(),
      heap: kernels.heap,
      repair(model) {
        renewOps(tf);
        if (model !== null) layers.repairOtherCopies(tf, model);
      },
      settings,
      holders: new Set(),
      async shutDown() {
        slowDown();
        stopWatching();
        takeLayersBack();
        try {
          await kernels.takeBack();
        } finally {
          await removeBackend();
        }
      },
    };
  } catch (error) {
    await removeBackend();
    throw error;
  }
}

function makeHandle(engine: SharedEngine): Engine {
  const { tf, settings, holders } = engine;
  const handle: Engine = {
    tf,
    ...settings,
    simd: true,
    version: tf.version.tfjs,
    stop: () =>
      inTurn(async () => {
        holders.delete(handle);
        const [next] = holders;
        if (next === undefined && shared === engine) await releaseIdle();
        else if (next !== undefined && runningEngine() === handle) setRunningEngine(next);
      }),
    [Symbol.asyncDispose]: () => handle.stop(),
  };
  setEngineParts(handle, engine);
  return handle;
}

/** Returns true if an engine still computes correctly, on its own backend. */
function computes({ tf, backend }: SharedEngine): boolean {
  if (tf.engine().registry["wasm"] !== backend) return false;
  try {
    if (tf.getBackend() !== "wasm") tf.setBackend("wasm");
    return tf.tidy(() => tf.add(1, 1).dataSync()[0] === 2);
  } catch {
    return false;
  }
}

async function release(engine: SharedEngine): Promise<void> {
  shared = null;
  setRunningEngine(null);
  await engine.shutDown();
}

function same(a: EngineSettings, b: EngineSettings): boolean {
  return a.threads === b.threads && a.relaxedSimd === b.relaxedSimd;
}

function describe({ threads, relaxedSimd }: EngineSettings): string {
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  return `${count} and ${relaxedSimd ? "relaxed" : "plain"} SIMD`;
}
