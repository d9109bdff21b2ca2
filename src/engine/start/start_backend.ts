import { EngineError, MAX_THREADS } from "../engine.ts";
import { type LiveData, trackLiveData } from "../heap/live_data.ts";
import { patchProperty } from "../patching.ts";
import type { TensorFlow } from "../tensorflow.ts";
import { WASM_PACKAGE } from "./engine_files.ts";
import type { KernelBackend } from "@tensorflow/tfjs";
import { builtin } from "../../platform/builtins.ts";

/** Undoes a patch; calling it again does nothing. */
type Undo = () => void;

const COMPLAINT = /^(Aborted\(|failed to asynchronously prepare wasm: )/;

/**
 * Keeps Emscripten's error messages off stderr: it prints each up to three times, and they belong
 * in our error. The threaded build writes to the file descriptor, the other to the console. Other
 * output of the program is passed on.
 *
 * @param complaints List to add the messages to.
 */
function muteEmscripten(complaints: string[]): Undo {
  const fs = builtin("fs");
  const { writeSync } = fs;
  const { warn } = console;
  let muted = true;
  const isComplaint = (text: unknown): text is string =>
    muted && typeof text === "string" && COMPLAINT.test(text);
  const undo = [
    patchProperty(fs, "writeSync", {
      writable: true,
      value(fd: number, text: string, ...rest: never[]) {
        if (!isComplaint(text)) return writeSync(fd, text, ...rest);
        return complaints.push(text.trim());
      },
    }),
    patchProperty(console, "warn", {
      writable: true,
      enumerable: true,
      // Emscripten binds this function, and keeps it after the start.
      value(text: unknown, ...rest: unknown[]) {
        if (isComplaint(text)) complaints.push(text);
        else warn.call(console, text, ...rest);
      },
    }),
  ];
  return () => {
    muted = false;
    undo.forEach((restore) => restore());
  };
}

/**
 * Keeps Emscripten's two listeners off `process`. They rethrow, which ends a process that the
 * user's own listeners would keep alive. They are the next ones added, within the same task.
 */
function refuseProcessListeners(): Undo {
  const refused = new Set<string | symbol>(["uncaughtException", "unhandledRejection"]);
  const process = builtin("process");
  const { on } = process;
  const undo = patchProperty(process, "on", {
    writable: true,
    value(event: string | symbol, listener: () => void) {
      if (!refused.delete(event)) return on.call(process, event as "exit", listener);
      if (refused.size === 0) undo();
      return process;
    },
  });
  return undo;
}

/**
 * Gives Emscripten's thread pool another worker class, and restores the program's `Worker` as soon
 * as the pool is full. The glue code assigns `globalThis.Worker`, hence the setter that does
 * nothing.
 */
function lendWorkerClass(WorkerClass: new () => object): Undo {
  let made = 0;
  class PoolWorker extends WorkerClass {
    constructor() {
      super();
      made++;
      if (made === MAX_THREADS) undo();
    }
  }
  const undo = patchProperty(globalThis, "Worker", { get: () => PoolWorker, set: () => {} });
  return undo;
}

/**
 * Makes `os.cpus` return a given number of processors: TensorFlow.js uses half of them as its
 * thread limit, and reading the real ones needs `--allow-sys`.
 */
function pretendProcessors(count: number): Undo {
  return patchProperty(builtin("os"), "cpus", {
    value: () => new Array(count).fill({}),
    writable: true,
  });
}

/** Factories of each engine's WASM backend, kept even after something has removed it. */
const factories = new WeakMap<object, NonNullable<ReturnType<TensorFlow["findBackendFactory"]>>>();

/** Higher than the priority 1 of `cpu`. */
const PRIORITY = 2;

/**
 * Starts TensorFlow.js's WASM backend and makes it active.
 *
 * @param tf The TensorFlow.js to start it in.
 * @param threads Number of threads that its ops use.
 * @returns A function that removes it, keeps every tensor and makes the next start possible.
 * @throws {EngineError} If it does not start.
 */
export async function startBackend(tf: TensorFlow, threads: number): Promise<() => Promise<void>> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const engine = tf.engine();
  const factory = tf.findBackendFactory("wasm") ?? factories.get(engine);
  if (factory === undefined) {
    throw new EngineError(
      'The WASM backend of TensorFlow.js was removed: delete the call tf.removeBackend("wasm")',
    );
  }
  factories.set(engine, factory);
  // Someone may have removed it while another engine ran.
  if (tf.findBackendFactory("wasm") === null) tf.registerBackend("wasm", factory, PRIORITY);
  if ("wasm" in engine.registry) {
    throw new EngineError(
      "TensorFlow.js already runs a WASM backend that startEngine did not start: " +
        'remove the tf.setBackend("wasm") or tf.ready() before it',
    );
  }
  if (!await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) {
    throw new EngineError("This machine has no WASM SIMD, which the engine needs: use another");
  }

  const previous = engine.backendName in engine.registry ? engine.backendName : undefined;
  const complaints: string[] = [];
  const patches: Undo[] = [muteEmscripten(complaints), refuseProcessListeners()];
  if (threads > 1) patches.push(lendWorkerClass(IdleWorker), pretendProcessors(2 * threads));
  const giveVoiceBack = silence(tf);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", threads > 1);
  // TensorFlow.js's own ops use one thread: between operations, the threads of their pool would
  // spin and keep the cores busy that our native module's threads need.
  wasm.setThreadsCount(1);
  try {
    if (!await tf.setBackend("wasm")) {
      // Restores the previously active backend; without one, TensorFlow.js refuses to compute.
      if (previous !== undefined) await tf.setBackend(previous);
      giveVoiceBack();
      throw new EngineError(
        `The WASM engine did not start (${complaints[0] ?? "no further details"}): ` +
          `reinstall it with deno cache --reload ${WASM_PACKAGE}`,
      );
    }
  } finally {
    for (const undo of patches.reverse()) undo();
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  }

  const backend = tf.backend() as KernelBackend & { dataIdMap: object };
  const live = trackLiveData(tf, backend);
  disposeSafely(tf, backend, live, previous ?? "cpu");
  return async () => {
    try {
      // If a model removed our backend, it may have started another one, which is removed as well.
      if ("wasm" in engine.registry) keepProcessListeners(() => tf.removeBackend("wasm"));
      if (tf.findBackendFactory("wasm") === null) tf.registerBackend("wasm", factory, PRIORITY);
      if (engine.backendName === null) await tf.setBackend(previous ?? "cpu");
    } finally {
      giveVoiceBack();
    }
  };
}

/**
 * Makes a backend clean up when anything removes it: its tensors move to `cpu`, and another backend
 * becomes active (TensorFlow.js would try WebGL and print many warnings). If the heap is broken and
 * traps, TensorFlow.js would otherwise not remove the backend, and no other could be started.
 */
function disposeSafely(tf: TensorFlow, backend: KernelBackend, live: LiveData, next: string): void {
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    live.moveToCpu();
    if (tf.getBackend() === "wasm") tf.setBackend(next);
    try {
      dispose();
    } catch {
      // The backend is no longer used.
    }
  };
}

/**
 * Silences TensorFlow.js's banner and warnings with its flag `PROD`, which does not enable the
 * checks that `IS_TEST` does.
 *
 * @returns A function that restores the flag. The `cpu` backend prints the banner on its first
 * write, so one is triggered silently before: tensors go there when the engine stops.
 */
function silence(tf: TensorFlow): Undo {
  const before = tf.env().getBool("PROD");
  tf.env().set("PROD", true);
  return () => {
    if (before) return;
    const cpu = tf.findBackend("cpu");
    cpu.disposeData(cpu.write(new Float32Array(0), [0], "float32"), true);
    tf.env().set("PROD", false);
  };
}

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/**
 * Runs an action that removes the process's listeners, and restores them. Removing TensorFlow.js's
 * WASM backend removes every listener of these events, not only its own.
 */
function keepProcessListeners(action: () => void): void {
  const process = builtin("process");
  const before = EVENTS.map((event) => process.rawListeners(event) as (() => void)[]);
  try {
    action();
  } finally {
    EVENTS.forEach((event, index) => {
      process.removeAllListeners(event);
      for (const listener of before[index]) process.on(event, listener);
    });
  }
}

/** Message of Emscripten's thread pool to a worker. */
interface PoolMessage {
  cmd?: string;
}

/**
 * Worker passed to Emscripten's thread pool instead of `Worker`. The threaded build starts eight
 * workers, which takes a third of a second, and waits for them, though its ops are set to compute
 * in one thread. This worker reports that it has loaded, and the pool never asks for anything else.
 * The threads that share our work are those of the native module (`native/native_runner.ts`).
 */
class IdleWorker {
  /** Handler set by the pool. */
  onmessage: ((event: { data: PoolMessage }) => void) | null = null;

  /** Answers the only message that the pool waits for. */
  postMessage({ cmd }: PoolMessage): void {
    if (cmd === "load") queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }

  /** Does nothing: the pool subscribes to Node workers this way, but there are no events. */
  on(): void {}

  /** Does nothing: the worker does not keep the process alive. */
  unref(): void {}

  /** Does nothing: there is no thread to end. */
  terminate(): void {}
}
