import { noResult } from "../model/foreign_code.ts";
import { strayErrors } from "../model/stray_errors.ts";
import { failure } from "../words/failure.ts";
import { oneLine } from "../words/one_line.ts";

/** The exit code that is meant; `null` before the verdict. */
let meant: number | null = null;

/** Ends the process on behalf of the command line, see {@linkcode guardEnd}. */
export function endProcess(code: number): never {
  meant = code;
  exit(code);
}

/** Deno's own, whatever a model puts in its place. */
const exit: (code: number) => never = Deno.exit;

/**
 * Prevents anything else from ending the process as if there were a verdict: a model that calls
 * `Deno.exit(0)`, or a promise that never settles. Then the exit code is 2, and stderr says why. Nor does
 * what a model does when the process ends change the exit code.
 */
export function guardEnd(): void {
  // A process that ends before the verdict has neither passed nor failed. Exit code 1 would say that it
  // failed, and is also Deno's own code for an uncaught error.
  Deno.exitCode = 2;
  const end = (event: Event) => {
    removeEventListener("unload", end, FIRST);
    if (meant === null) sayUnmeant();
    letOthersEnd(event);
    Deno.exitCode = meant ?? 2;
  };
  addEventListener("unload", end, FIRST);
}

/** Before every listener of a model, which is loaded later. */
const FIRST = { capture: true };

/** Says why the process ends without a verdict. */
function sayUnmeant(): void {
  const { path, first: stray } = strayErrors;
  const code = path ?? "a model";
  const why = stray === null
    ? noResult(code)
    : `no result: ${code}: an error in its code was not caught: ${failure(stray.error)}`;
  console.error(`error: ${oneLine(why)}`);
}

/**
 * Lets the listeners of a model clean up, in an event of their own: what they do to the exit code is undone
 * after it, where `Deno.exit()`, which would come before that, does nothing meanwhile.
 */
function letOthersEnd(event: Event): void {
  event.stopImmediatePropagation();
  Deno.exit = (() => {}) as typeof Deno.exit;
  dispatchEvent(new Event("unload"));
}

/**
 * Ignores errors of writing to stderr: a log on a full disk costs the progress and the reasons, but not the
 * result and its exit code.
 */
export function forgiveStderr(): void {
  const error = console.error;
  const writeSync = Deno.stderr.writeSync.bind(Deno.stderr);
  console.error = (...args: unknown[]) => {
    try {
      error(...args);
    } catch {
      // There is nowhere left to say it.
    }
  };
  Deno.stderr.writeSync = (bytes: Uint8Array) => {
    try {
      return writeSync(bytes);
    } catch {
      return bytes.length;
    }
  };
}

/** The signals that end long work early, and the exit codes that shells give them. */
const SIGNALS: readonly [signal: Deno.Signal, code: number][] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143]];

/** For how long, in ms, another signal is the same wish: npx and timeout pass on what the group has got. */
const ECHO = 500;

/** Whether the user wants long work to end. */
interface Interruption extends Disposable {
  /**
   * Begins to listen: there is something to keep. Until then a signal ends the process at once, as ever,
   * even where the code of a model has taken the thread and would let no listener hear it.
   */
  begin(): void;
  /** Aborted at the first Ctrl-C, or when a batch system ends the job. */
  readonly signal: AbortSignal;
  /** The exit code for it; `null` while there was none. */
  readonly code: number | null;
}

/**
 * Listens, once it is begun, for Ctrl-C and for the signal to terminate, until it is disposed. One that
 * comes later ends the process at once, as ever.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  const listeners: { name: Deno.Signal; listener: () => void }[] = [];
  const stop = () => {
    for (const { name, listener } of listeners.splice(0)) Deno.removeSignalListener(name, listener);
  };
  return {
    begin() {
      if (listeners.length > 0 || code !== null) return;
      for (const [name, exit] of SIGNALS) {
        const listener = () => {
          if (code !== null) return;
          code = exit;
          Deno.unrefTimer(setTimeout(stop, ECHO));
          controller.abort();
        };
        Deno.addSignalListener(name, listener);
        listeners.push({ name, listener });
      }
    },
    signal: controller.signal,
    get code() {
      return code;
    },
    [Symbol.dispose]: stop,
  };
}
