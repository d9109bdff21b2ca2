import { noResult, processOwner } from "../../files/user_code/foreign_code.ts";
import { strayErrors } from "../../files/user_code/stray_errors.ts";
import { failure, oneLine } from "../../ground/words/failure.ts";
import { host, type Signal } from "../../platform/host.ts";

/** Exit code of the verdict; `null` before it. */
let meant: number | null = null;

/** Ends the process on behalf of the command line, see {@linkcode guardEnd}. */
export function endProcess(code: number): never {
  meant = code;
  exit(code);
}

/** Deno's own function, even if a model replaces it. */
const exit: (code: number) => never = host.exit;

/**
 * Prevents anything else from ending the process as if there were a verdict, such as a model that
 * calls `Deno.exit(0)`, or a promise that never settles. The exit code is then 2, and stderr says
 * why. Code of a model that runs when the process ends cannot change the exit code.
 */
export function guardEnd(): void {
  processOwner.isCommandLine = true;
  // A process that ends before the verdict has neither passed nor failed. Exit code 1 would mean
  // that it failed, and is also Deno's code for an uncaught error.
  host.exitCode = 2;
  const end = (event: Event) => {
    removeEventListener("unload", end, FIRST);
    if (meant === null) sayUnmeant();
    letOthersEnd(event);
    host.exitCode = meant ?? 2;
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
 * Lets the listeners of a model clean up, in a separate event: afterwards their changes to the exit
 * code are undone. `Deno.exit()`, which would prevent that, does nothing meanwhile.
 */
function letOthersEnd(event: Event): void {
  event.stopImmediatePropagation();
  host.exit = (() => {}) as typeof host.exit;
  dispatchEvent(new Event("unload"));
}

/**
 * Ignores errors of writing to stderr: on a full disk, a log loses the progress and the reasons,
 * but the result and its exit code remain.
 */
export function forgiveStderr(): void {
  const error = console.error;
  const writeSync = host.stderr.writeSync.bind(host.stderr);
  console.error = (...args: unknown[]) => {
    try {
      error(...args);
    } catch {
      // There is nowhere left to report it.
    }
  };
  host.stderr.writeSync = (bytes: Uint8Array) => {
    try {
      return writeSync(bytes);
    } catch {
      return bytes.length;
    }
  };
}

/** Signals that end long work early, with the exit codes that shells give them. */
const SIGNALS: readonly [signal: Signal, code: number][] = host.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143]];

/**
 * Time in ms within which another signal counts as the same: npx and timeout forward what the group
 * has received.
 */
const ECHO = 500;

/** Request of the user to end long work. */
interface Interruption extends Disposable {
  /**
   * Begins to listen, once there is something to keep. Until then a signal ends the process at
   * once, as usual, even if the code of a model blocks the thread and no listener could run.
   */
  begin(): void;
  /** Signal aborted at the first Ctrl-C, or when a batch system ends the job. */
  readonly signal: AbortSignal;
  /** Its exit code; `null` while there was none. */
  readonly code: number | null;
}

/**
 * Listens, once begun, for Ctrl-C and SIGTERM until it is disposed. A second signal ends the
 * process at once.
 */
export function interruption(): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  const listeners: { name: Signal; listener: () => void }[] = [];
  const stop = () => {
    for (const { name, listener } of listeners.splice(0)) host.removeSignalListener(name, listener);
  };
  return {
    begin() {
      if (listeners.length > 0 || code !== null) return;
      for (const [name, exit] of SIGNALS) {
        const listener = () => {
          if (code !== null) return;
          code = exit;
          host.unrefTimer(setTimeout(stop, ECHO));
          controller.abort();
        };
        host.addSignalListener(name, listener);
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
