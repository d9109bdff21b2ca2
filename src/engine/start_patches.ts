import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { MAX_THREADS } from "./max_threads.ts";
import { patchProperty } from "./patch_property.ts";

/** Undoes a patch; calling it again does nothing. */
export type Undo = () => void;

/**
 * Keeps Emscripten's complaints off stdout and stderr. It writes each up to three times, past the
 * console; what it says belongs into our error.
 *
 * @param complaints Where to put them.
 */
export function muteEmscripten(complaints: string[]): Undo {
  const { writeSync } = fs;
  return patchProperty(fs, "writeSync", {
    writable: true,
    value(fd: number, text: string, ...rest: never[]) {
      if (fd !== 1 && fd !== 2) return writeSync(fd, text, ...rest);
      complaints.push(String(text).trim());
      return String(text).length;
    },
  });
}

/**
 * Keeps Emscripten's two listeners off `process`. They rethrow, which ends a process that the user's
 * own listeners would have kept alive. They are the next that are added, within the same task.
 */
export function refuseProcessListeners(): Undo {
  const refused = new Set<string | symbol>(["uncaughtException", "unhandledRejection"]);
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
 * Gives Emscripten's thread pool a worker class of our own, and the program its `Worker` back as soon
 * as the pool is full. The glue assigns `globalThis.Worker`, hence the setter that does nothing.
 *
 * @param WorkerClass The class for the pool.
 */
export function lendWorkerClass(WorkerClass: new () => object): Undo {
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
 * Lets `os.cpus` count a given number of processors: TensorFlow.js takes half of them as the most
 * threads to run, and asking for the real ones needs `--allow-sys`.
 */
export function pretendProcessors(count: number): Undo {
  return patchProperty(os, "cpus", { value: () => new Array(count).fill({}), writable: true });
}
