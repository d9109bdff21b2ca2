import { builtin } from "../../platform/builtins.ts";
import { errorMessage, isTrap } from "../../ground/words/failure.ts";
import { followImports, logToStderr } from "./foreign_code.ts";
import { strayErrors } from "./stray_errors.ts";

export interface WorkerData<Data> {
  /** The pool's data. */
  data: Data;
  /** True to report the files that the code of the user imports. */
  followsImports: boolean;
}

/** Message of a worker. Orders may be sent to it once it is `ready`; earlier ones are lost. */
export type WorkerMessage<Answer = unknown, Identity = unknown> =
  | { kind: "ready"; identity: Identity }
  | { kind: "answer"; answer: Answer }
  /** The code of the user imports a file. */
  | { kind: "imported"; path: string }
  /** The next task of its orders cannot be done; before `ready`: none can, by any worker. */
  | { kind: "failed"; reason: string }
  /** The worker is about to die, for this reason. */
  | { kind: "dying"; reason: string }
  /** Every order is done. `failure` is a late error of the model's code. */
  | { kind: "settled"; failure: string | null };

/** Message to a worker: numbers of tasks to do, or to wait for late errors. */
export type WorkerOrder = readonly number[] | "settle";

interface TaskServer<Answer, Identity> {
  /** Told to the pool once. */
  identity: Identity;
  /** Does a task. A trap ends the worker; any other error is the task's own. */
  answer(index: number): Promise<Answer>;
}

/**
 * Serves a pool as its worker: does the tasks in the order in which they come.
 *
 * @param open Called with the pool's data.
 */
export async function serveTasks<Data, Answer, Identity>(
  open: (data: Data) => Promise<TaskServer<Answer, Identity>>,
): Promise<void> {
  const { parentPort, workerData } = builtin("worker_threads");
  const port = parentPort!;
  const say = (message: WorkerMessage<Answer, Identity>) => port.postMessage(message);
  const die = (error: unknown) => {
    say({ kind: "dying", reason: errorMessage(error) });
    builtin("process").exit(1);
  };
  const fail = (error: unknown) =>
    isTrap(error) ? die(error) : say({ kind: "failed", reason: errorMessage(error) });

  strayErrors.watch(die);
  // A model's code may use `self`, which Deno gives to the main thread but not to workers of Node.js.
  Object.assign(globalThis, { self: globalThis });
  // The result of the pool may be written to stdout, and a model's code may log at any time.
  logToStderr(() => new Promise<never>(() => {}));

  try {
    const { data, followsImports } = workerData as WorkerData<Data>;
    if (followsImports) followImports((path) => say({ kind: "imported", path }));
    const server = await open(data);
    let last = Promise.resolve();
    port.on("message", (order: WorkerOrder) => {
      last = last.then(async () => {
        if (order === "settle") {
          say({ kind: "settled", failure: await lateFailure() });
          return;
        }
        for (const index of order) {
          try {
            say({ kind: "answer", answer: await server.answer(index) });
          } catch (error) {
            fail(error);
          }
        }
      });
    });
    say({ kind: "ready", identity: server.identity });
  } catch (error) {
    fail(error);
  }
}

async function lateFailure(): Promise<string | null> {
  try {
    await strayErrors.settle();
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}
