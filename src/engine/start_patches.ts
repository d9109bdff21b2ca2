import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { MAX_THREADS } from "./choose_threads.ts";
import { patchProperty } from "./patch_property.ts";

/** Undoes a patch; calling it again does nothing. */
export type Undo = () => void;

const COMPLAINT = /^(Aborted\(|failed to asynchronously prepare wasm: )/;

/**
 * Keeps Emscripten's complaints off stderr: it makes each up to three times, and what they say belongs
 * into our error. The threaded build writes to the file descriptor, the other to the console. All else
 * that is written meanwhile is the program's own, and goes where it should.
 *
 * @param complaints Where to put them.
 */
export function muteEmscripten(complaints: string[]): Undo {
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
      // Emscripten binds it, and keeps it when the start is over.
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
