import { patchProperty } from "../patching.ts";
import { MAX_THREADS } from "./choose_threads.ts";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";

/** Undoes a patch; calling it again does nothing. */
export type Undo = () => void;

const COMPLAINT = /^(Aborted\(|failed to asynchronously prepare wasm: )/;

/**
 * Keeps Emscripten's error messages off stderr: it prints each up to three times, and they belong
 * in our error. The threaded build writes to the file descriptor, the other to the console. Other
 * output of the program is passed on.
 *
 * @param complaints List to add the messages to.
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
 * Gives Emscripten's thread pool another worker class, and restores the program's `Worker` as soon
 * as the pool is full. The glue code assigns `globalThis.Worker`, hence the setter that does
 * nothing.
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
 * Makes `os.cpus` return a given number of processors: TensorFlow.js uses half of them as its
 * thread limit, and reading the real ones needs `--allow-sys`.
 */
export function pretendProcessors(count: number): Undo {
  return patchProperty(os, "cpus", { value: () => new Array(count).fill({}), writable: true });
}
