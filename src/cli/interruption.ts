import { endProcess } from "./end_process.ts";

/** What ends long work early, and the exit codes that shells give to it. */
const SIGNALS: readonly [signal: Deno.Signal, code: number][] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143]];

/** For how long, in ms, another signal is the same wish: npx and timeout pass on what the group has got. */
const ECHO = 500;

/** Whether somebody wants long work to end. */
export interface Interruption extends Disposable {
  /** Says that there is something to keep. Until then the first Ctrl-C ends the process, too. */
  begin(): void;
  /** Aborted at the first Ctrl-C, or when a batch system ends the job. */
  readonly signal: AbortSignal;
  /** The exit code for it; `null` while there was none. */
  readonly code: number | null;
}

/**
 * Listens for Ctrl-C and for the signal to terminate, until it is disposed. One that comes later ends
 * the process at once, as ever.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  let hasBegun = false;
  const listeners = SIGNALS.map(([name, exit]) => {
    const listener = () => {
      if (code !== null) return;
      code = exit;
      if (!hasBegun) {
        console.error("interrupted");
        endProcess(exit);
      }
      Deno.unrefTimer(setTimeout(stop, ECHO));
      controller.abort();
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  const stop = () => {
    for (const { name, listener } of listeners.splice(0)) Deno.removeSignalListener(name, listener);
  };
  return {
    begin() {
      hasBegun = true;
    },
    signal: controller.signal,
    get code() {
      return code;
    },
    [Symbol.dispose]: stop,
  };
}
