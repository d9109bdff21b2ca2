import { builtin, type Thread } from "../../platform/builtins.ts";
import type { SweepProgress } from "../../checkpoint/sweep_in_parallel.ts";
import type { PassProgress } from "../../core/measure/measure_options.ts";
import type { StudyProgress } from "../../study/study_options.ts";
import {
  formatCount,
  formatDuration,
  formatMemory,
  formatSeconds,
} from "../../ground/words/numbers.ts";
import { host } from "../../platform/host.ts";

/** Interval of updates on a terminal, in ms. */
const ON_TERMINAL = 100;
/** Interval of new lines in a log, in ms: it cannot rewrite the last one. */
const IN_LOG = 10_000;

/** Returns a line on stderr: a terminal rewrites it, a log gets a new one each time, without a bar. */
function statusLine(isTerminal: boolean): { show(line: string): void; clear(): void } {
  const write = (text: string) => host.stderr.writeSync(new TextEncoder().encode(text));
  let shows = false;
  return {
    show(line) {
      shows = true;
      write(isTerminal ? `\r\x1b[K${line}` : `${line.replace(/^\[[#.]+\] /, "")}\n`);
    },
    clear() {
      if (isTerminal && shows) write("\r\x1b[K");
      shows = false;
    },
  };
}

/** Duration of a pass, in ms, before progress is shown. */
const PATIENCE = 3000;

/**
 * Shows on a terminal the progress of a pass that takes longer than three seconds. Logs get no bar:
 * it would be left behind when the report is written.
 *
 * @returns `update` to call with the progress; disposing it when the pass is over clears the line.
 */
export function passProgress(): Disposable & { update(progress: PassProgress): void } {
  const isTerminal = host.stderr.isTerminal();
  const { show, clear } = statusLine(isTerminal);
  const started = performance.now();
  let shown = started;
  return {
    update(progress) {
      const now = performance.now();
      if (!isTerminal || now - started < PATIENCE || now - shown < ON_TERMINAL) return;
      shown = now;
      show(passLine(progress, now - started, columns()));
    },
    [Symbol.dispose]: clear,
  };
}

/**
 * Shows on stderr how far the weights of a file have been read: a terminal rewrites one line, a log
 * gets a new line from time to time. Work of less than three seconds shows nothing.
 *
 * @returns `update` to call with the progress; disposing it clears the line.
 */
export function sweepProgress(): Disposable & { update(progress: SweepProgress): void } {
  const isTerminal = host.stderr.isTerminal();
  const { show, clear } = statusLine(isTerminal);
  const started = performance.now();
  let next = started + (isTerminal ? PATIENCE : IN_LOG);
  return {
    update(progress) {
      const now = performance.now();
      if (now < next) return;
      next = now + (isTerminal ? ON_TERMINAL : IN_LOG);
      show(sweepLine(progress, now - started, isTerminal ? columns() : Infinity));
    },
    [Symbol.dispose]: clear,
  };
}

/**
 * Returns `[######..........] 25 %, 1.2 GiB of 4.8 GiB, 310 MiB a second, 12 s left`.
 *
 * @param took Time since the start, in ms.
 */
export function sweepLine(
  { bytes, total }: SweepProgress,
  took: number,
  columns = Infinity,
): string {
  const speed = bytes / (took / 1000);
  const left = formatDuration((total - bytes) / speed);
  return withBar(
    bytes / total,
    `${formatMemory(bytes)} of ${formatMemory(total)}, ${
      formatMemory(speed)
    } a second, ${left} left`,
    columns,
  );
}

/**
 * Returns `[######..........] 25 %, measuring: forward pass, layer 5 of 20, part 2 of 8, 12 s
 * left`.
 *
 * @param took The duration of the pass so far, in ms.
 */
export function passLine(
  { phase, done, total, share, part, parts }: PassProgress,
  took: number,
  columns = Infinity,
): string {
  const left = formatDuration(took / 1000 * (1 - share) / share);
  const place = part === undefined ? "" : `, part ${part} of ${parts}`;
  return withBar(
    share,
    `measuring: ${phase} pass, layer ${done} of ${total}${place}, ${left} left`,
    columns,
  );
}

/**
 * Shows on stderr the progress of a study and the time left: a terminal rewrites one line, a log
 * gets a new line from time to time.
 *
 * @returns `update` to call after every point, and `clear` to call before anything else is written.
 */
export function studyProgress(): { update(progress: StudyProgress): void; clear(): void } {
  const terminal = host.stderr.isTerminal();
  const interval = terminal ? ON_TERMINAL : IN_LOG;
  const { show, clear } = statusLine(terminal);
  let started: { at: number; done: number } | null = null;
  let shown = performance.now() + (terminal ? PATIENCE - ON_TERMINAL : 0);
  return {
    update(progress) {
      const now = performance.now();
      started ??= { at: now, done: progress.done };
      if (now - shown < interval) return;
      shown = now;
      show(progressLine(progress, started, now, terminal ? columns() : Infinity));
    },
    clear,
  };
}

/** Columns assumed for a terminal that does not report them. */
const COLUMNS = 80;

function columns(): number {
  try {
    return host.consoleSize().columns || COLUMNS;
  } catch {
    return COLUMNS;
  }
}

/** Characters of a full bar. */
const BAR = 24;

/**
 * Returns `[######..........] 25 %, 250 of 1000 points, 12 s left, 2 workers`. In few columns the
 * bar is shorter or missing: a wrapped line cannot be rewritten.
 */
export function progressLine(
  { done, total, workers }: StudyProgress,
  started: { at: number; done: number },
  now: number,
  columns = Infinity,
): string {
  const share = total === 0 ? 1 : done / total;
  const measured = done - started.done;
  const left = measured === 0 ? null : (now - started.at) / measured * (total - done) / 1000;
  const told = `${done} of ${total} points${left === null ? "" : `, ${formatDuration(left)} left`}${
    workers > 1 ? `, ${workers} workers` : ""
  }`;
  return withBar(share, told, columns);
}

/** Last columns, in which a terminal shows ^C. */
const RESERVED = 3;

const fitLine = (text: string, columns: number): string => text.slice(0, columns - RESERVED);

/** Returns a bar, the share and a text, at most `columns` wide. */
function withBar(share: number, told: string, columns: number): string {
  const text = `${Math.floor(share * 100)} %, ${told}`;
  // The bar has brackets and a space.
  const bar = Math.min(BAR, columns - RESERVED - text.length - 3);
  if (bar < 1) return fitLine(text, columns);
  const full = Math.floor(share * bar);
  return `[${"#".repeat(full)}${".".repeat(bar - full)}] ${text}`;
}

/** Run of a gate that is done. */
interface DoneRun {
  /** Its model and seed, in a line. */
  name: string;
  /** True if it was not measured. */
  failed: boolean;
  /** Duration in ms. */
  ms: number;
}

/**
 * Shows on stderr how many runs of a gate are done: a terminal rewrites one line, a log gets a line now
 * and then, one for each run that failed, and one at the end. A hundred lines of a sound gate would hide
 * the others in the log of CI.
 *
 * @param total Number of runs; a single one shows its own progress.
 * @returns `update` to call after each run; disposing it ends the progress.
 */
export function runProgress(total: number): Disposable & { update(run: DoneRun): void } {
  const isTerminal = host.stderr.isTerminal();
  const { show, clear } = statusLine(isTerminal);
  const started = performance.now();
  let done = 0;
  let shown = started;
  return {
    update({ name, failed, ms }) {
      done++;
      const now = performance.now();
      if (total < 2 || !isTerminal && !failed && now - shown < IN_LOG) return;
      shown = now;
      const line = `[${done}/${total}] ${name}: ${failed ? "failed after " : ""}${
        formatSeconds(ms)
      }`;
      show(isTerminal ? fitLine(line, columns()) : line);
    },
    [Symbol.dispose]() {
      clear();
      if (total < 2) return;
      const took = formatSeconds(performance.now() - started);
      console.error(`${formatCount(done, "run")} took ${took}`);
    },
  };
}

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
const { writeSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
let timer;
parentPort.on("message", (work) => {
  clearTimeout(timer);
  if (work === null) return;
  const wait = (seconds, from) => {
    timer = setTimeout(() => {
      const line = work.start + work.sentence + " " + seconds + " s" + work.rest + "\\n";
      try {
        writeSync(2, line);
      } catch {}
      wait(2 * seconds, seconds);
    }, 1000 * (seconds - from));
  };
  wait(work.patience, 0);
});
`;

let teller: Thread | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Says on stderr that work takes long, even if it blocks this thread. Starting the thread that
 * reports takes 40 ms of CPU time, a seventh of a short check. It therefore starts at once only if
 * the work may block, and after a delay otherwise.
 *
 * @param work The work that begins; `null` when it has ended.
 */
export function tellIfSlow(work: Work | null): void {
  clearTimeout(timer);
  if (work !== null && teller === null && !work.blocks) {
    timer = setTimeout(() => tellIfSlow({ ...work, blocks: true }), START);
    // A process that awaits a promise that never settles must end and say so.
    host.unrefTimer(timer);
    return;
  }
  if (teller === null) {
    if (work === null) return;
    const { Worker } = builtin("worker_threads");
    teller = new Worker(CODE, { eval: true });
    teller.unref();
  }
  // On a terminal it replaces a line that is rewritten.
  const start = host.stderr.isTerminal() ? "\r\x1b[K" : "";
  teller.postMessage(work === null ? null : { ...work, start });
}
