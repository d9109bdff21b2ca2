import type { Worker } from "node:worker_threads";

/** What is worked at, and from when on that takes too long. */
export interface Work {
  /** A sentence about it, up to the time that it has taken: `net.ts, seed 0: measured for`. */
  sentence: string;
  /** What follows the time. */
  rest: string;
  /** From how many seconds on it is said; and again after twice, four, eight times as long. */
  patience: number;
  /** Whether it may take this thread for so long as soon as it is begun. */
  blocks: boolean;
}

/**
 * How long, in ms, work that leaves the thread its timers goes on before a teller is worth its start. Nothing is said
 * before 5 s; after 200 ms, a check on a busy machine paid for one that had nothing to say.
 */
const START = 1000;

/**
 * Runs beside the thread that measures: a pass of TensorFlow.js blocks its thread, and no timer of that
 * thread can report anything until it ends. Ctrl-C still ends the process as usual.
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
 * Says on stderr, while something goes on that may block this thread, that it takes long. To start what
 * says it takes 40 ms of a processor, a seventh of a short check: it is only done for work that may block,
 * and for other work that has been going on for a while.
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
  // On a terminal it takes the place of a line that is rewritten.
  const start = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
  teller.postMessage(work === null ? null : { ...work, start });
}
