import type { PassProgress } from "../measure/measure_options.ts";
import type { StudyProgress } from "../study/study_options.ts";

/** How long a pass may take before somebody waiting wants to know how far it is, in ms. */
const PATIENCE = 500;

/** How often a log, which cannot rewrite its last line, gets a new one, in ms. */
const LOG_INTERVAL = 5000;

/**
 * Shows on stderr how far a pass has come, once it takes longer than half a second: on a terminal in
 * one line that is rewritten, elsewhere in a new line now and then.
 *
 * @returns What to call with the progress, and what to call when the pass is over.
 */
export function showProgress(): { update(progress: PassProgress): void; done(): void } {
  const terminal = Deno.stderr.isTerminal();
  const started = performance.now();
  let shown = started + PATIENCE - (terminal ? 100 : LOG_INTERVAL);
  let wrote = false;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  return {
    update({ phase, done, total }) {
      const now = performance.now();
      if (now - started < PATIENCE || now - shown < (terminal ? 100 : LOG_INTERVAL)) return;
      shown = now;
      wrote = true;
      const line = `measuring: ${phase} pass, layer ${done} of ${total}`;
      write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
    },
    done() {
      if (terminal && wrote) write("\r\x1b[K");
    },
  };
}

/** How often a terminal is told, and how often a log, which cannot rewrite its last line, in ms. */
const ON_TERMINAL = 100;
const IN_LOG = 10_000;
const BAR = 24;
/** Columns of a terminal that does not say how many it has. */
const COLUMNS = 80;

/**
 * Shows on stderr how far a study has come and how long it will take: on a terminal in one line that
 * is rewritten, elsewhere in a new line now and then.
 *
 * @returns What to call after every point, and what to call before anything else is written.
 */
export function studyProgress(): { update(progress: StudyProgress): void; clear(): void } {
  const terminal = Deno.stderr.isTerminal();
  const interval = terminal ? ON_TERMINAL : IN_LOG;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let started: { at: number; done: number } | null = null;
  let shown = performance.now();
  let wrote = false;
  return {
    update(progress) {
      const now = performance.now();
      started ??= { at: now, done: progress.done };
      if (now - shown < interval) return;
      shown = now;
      wrote = true;
      const line = progressLine(progress, started, now, terminal ? columns() : Infinity);
      write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
    },
    clear() {
      if (terminal && wrote) write("\r\x1b[K");
      wrote = false;
    },
  };
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || COLUMNS;
  } catch {
    return COLUMNS;
  }
}

/**
 * `[######..........] 25 %, 250 of 1000 points, 12 s left, 2 workers`. In few columns the bar is shorter
 * or missing: a line that is wrapped cannot be rewritten.
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
  const text = `${Math.floor(share * 100)} %, ${done} of ${total} points${
    left === null ? "" : `, ${duration(left)} left`
  }${workers > 1 ? `, ${workers} workers` : ""}`;
  // In the last columns the terminal shows ^C; the bar has brackets and a blank.
  const room = columns - 3;
  const bar = Math.min(BAR, room - text.length - 3);
  if (bar < 1) return text.slice(0, room);
  const full = Math.floor(share * bar);
  return `[${"#".repeat(full)}${".".repeat(bar - full)}] ${text}`;
}

/** A time in at most two units: `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}
