/** What ends long work early, and the exit codes that shells give to it. */
const SIGNALS: readonly [signal: Deno.Signal, code: number][] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143]];

/** Whether somebody wants long work to end. */
export interface Interruption extends Disposable {
  /** Aborted at the first Ctrl-C, or when a batch system ends the job. */
  readonly signal: AbortSignal;
  /** The exit code for it; `null` while there was none. */
  readonly code: number | null;
}

/**
 * Listens for Ctrl-C and for the signal to terminate, until it is disposed. The second one ends the
 * process at once, as ever.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  const listeners = SIGNALS.map(([name, exit]) => {
    const listener = () => {
      code = exit;
      stop();
      controller.abort();
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  const stop = () => {
    for (const { name, listener } of listeners.splice(0)) Deno.removeSignalListener(name, listener);
  };
  return {
    signal: controller.signal,
    get code() {
      return code;
    },
    [Symbol.dispose]: stop,
  };
}
