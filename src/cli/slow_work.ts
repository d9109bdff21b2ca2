import type { Worker } from "node:worker_threads";

/** Work, and the time after which it counts as slow. */
export interface Work {
  /** Beginning of the sentence, up to the duration: `net.ts, seed 0: measured for`. */
  sentence: string;
  /** End of the sentence, after the duration. */
  rest: string;
  /** Seconds before the first message; repeated after two, four, eight times as long. */
  patience: number;
  /** True if it may block this thread for that long from the start. */
  blocks: boolean;
}

/**
 * Delay in ms before the reporting thread is started for work that does not block this thread.
 * Nothing is said before 5 s; with a delay of 200 ms, a check on a busy machine paid for a thread
 * that had nothing to report.
 */
const START = 1000;

/**
 * Code of the thread beside the one that measures: a pass of TensorFlow.js blocks its thread, so
 * timers there cannot report until it ends. Ctrl-C still ends the process as usual.
 */
const CODE = `
const { parentPort } = require("node:worker_threads");
let timer;
parentPort.on("message", (work) => {
  clearTimeout(timer);
  if (work === null) return;
  const wait = (seconds, from) => {
    timer = setTimeout(() => {
      const line = work.start + work.sentence + " " + seconds + " s" + work.rest + "\\n";
      try {
        Deno.stderr.writeSync(new TextEncoder().encode(line));
      } catch {}
      wait(2 * seconds, seconds);
    }, 1000 * (seconds - from));
  };
  wait(work.patience, 0);
});
`;

let teller: Worker | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Says on stderr that work takes long, even if it blocks this thread. Starting the thread that
 * reports takes 40 ms of CPU time, a seventh of a short check. It therefore starts at once only if
 * the work may block, and after a delay otherwise.
 *
 * @param work The work that begins; `null` when it has ended.
 */
export async function tellIfSlow(work: Work | null): Promise<void> {
  clearTimeout(timer);
  if (work !== null && teller === null && !work.blocks) {
    timer = setTimeout(() => tellIfSlow({ ...work, blocks: true }), START);
    // A process that awaits a promise that never settles must end and say so.
    Deno.unrefTimer(timer);
    return;
  }
  if (teller === null) {
    if (work === null) return;
    const { Worker } = await import("node:worker_threads");
    teller = new Worker(CODE, { eval: true });
    teller.unref();
  }
  // On a terminal it replaces a line that is rewritten.
  const start = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
  teller.postMessage(work === null ? null : { ...work, start });
}
