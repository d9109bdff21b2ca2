import { ModelError } from "../../core/model/model_error.ts";
import { failureIn } from "./foreign_code.ts";
import { host } from "../../platform/host.ts";
import { builtin } from "../../platform/builtins.ts";

/**
 * Time during which finished code may still report a failure, while it has anything to do.
 */
const GRACE_MS = 20;
const HANDLER_WAIT_MS = 1000;

/**
 * Uncaught errors of a model's code: from a promise that is not awaited, or a timer. Such a model
 * has failed, as it would under `deno run`, even if its results so far can be measured. A rejection
 * that is handled a little later does not count, and code that listens for such errors itself is
 * trusted.
 */
class StrayErrors {
  readonly #rejected = new Map<unknown, unknown>();
  readonly #thrown: unknown[] = [];
  /** Modules that have failed: Deno does not run their code again. */
  readonly #failed = new Map<string, ModelError>();
  #isWatching = false;
  #path: string | null = null;
  #wake = () => {};

  /**
   * Starts to listen. Without this call no errors are collected or reported: users of the library
   * decide that themselves.
   *
   * @param onOther Called with an error that occurs before any code of a model ran: it is of this
   * program.
   */
  watch(onOther: (error: unknown) => void): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const process = builtin("process");
    const isMine = (event: string) => process.listenerCount(event) === 1;
    process.on("uncaughtException", (error: unknown) => {
      if (!isMine("uncaughtException")) return;
      if (this.#path === null) return onOther(error);
      this.#thrown.push(error);
      this.#wake();
    });
    process.on("unhandledRejection", (error: unknown, promise: unknown) => {
      if (!isMine("unhandledRejection")) return;
      if (this.#path === null) return onOther(error);
      this.#rejected.set(promise, error);
      setTimeout(async () => {
        // After long work, the timer of the handler and this one fire in the same turn.
        for (let turn = 0; turn < 2; turn++) await nextTurn();
        if (!this.#rejected.delete(promise)) return;
        this.#thrown.push(error);
        this.#wake();
      }, HANDLER_WAIT_MS);
    });
    // Node.js tells of the promise; Deno 2.9 of the reason first, and of the promise second.
    process.on("rejectionHandled", (...told: unknown[]) => {
      for (const promise of told) this.#rejected.delete(promise);
    });
  }

  /** Path of the file whose code ran last, or `null`. */
  get path(): string | null {
    return this.#path;
  }

  /** First known error; `null` for none. */
  get first(): { error: unknown } | null {
    for (const error of [...this.#thrown, ...this.#rejected.values()]) return { error };
    return null;
  }

  /**
   * Runs a function that runs a model's code.
   *
   * @param path Path of the file with the code, or `null` if there is none.
   * @param run The function. An uncaught error ends the wait for it.
   * @throws {ModelError} If there was an error that nothing caught, now or earlier.
   */
  async guard<T>(path: string | null, run: () => Promise<T>): Promise<T> {
    if (!this.#isWatching || path === null) return await run();
    const earlier = this.#failed.get(path);
    if (earlier !== undefined) throw earlier;
    this.#path = path;
    const thrown = new Promise<never>((_, reject) => {
      this.#wake = () => {
        const failed = this.#failure();
        if (failed !== null) reject(failed);
      };
    });
    try {
      const result = await Promise.race([run(), thrown]);
      // Rejections so far are reported in the next turn.
      for (let turn = 0; turn < 2; turn++) await nextTurn();
      await this.#requireHandled();
      return result;
    } finally {
      this.#wake = () => {};
      this.#forget();
    }
  }

  /** Throws for an error that will not be caught any more. */
  check(): void {
    if (this.#thrown.length > 0) throw this.#failure();
  }

  /** Waits a little at the end for a late error, and throws it. */
  async settle(): Promise<void> {
    if (!this.#isWatching || this.#path === null) return;
    await quiet(GRACE_MS);
    try {
      await this.#requireHandled();
    } finally {
      this.#forget();
    }
  }

  #forget(): void {
    this.#thrown.length = 0;
    this.#rejected.clear();
  }

  /** Waits for the handlers of rejections, which on a busy machine come late, and throws an error. */
  async #requireHandled(): Promise<void> {
    while (this.#thrown.length === 0 && this.#rejected.size > 0) await nextTurn();
    const failed = this.#failure();
    if (failed !== null) throw failed;
  }

  /** Returns the error to throw for the first known one; `null` for none. */
  #failure(): ModelError | null {
    const { first } = this;
    if (first === null) return null;
    const path = this.#path!;
    const { error } = first;
    const reason = failureIn(path, error);
    const message = `${path}: an error in its code was not caught: ${reason}`;
    const failed = new ModelError(message, { cause: error });
    this.#failed.set(path, failed);
    return failed;
  }
}

const nextTurn = () => new Promise<void>((resolve) => setTimeout(resolve));

/**
 * Resolves when nothing is left that could run (no timer, file or request), or at the latest after
 * `most` ms, as in a worker, which always waits for a message.
 */
function quiet(most: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("beforeunload", goOn);
      resolve();
    };
    const goOn = (event: Event) => {
      event.preventDefault();
      end();
    };
    const timer = setTimeout(end, most);
    host.unrefTimer(timer);
    addEventListener("beforeunload", goOn);
  });
}

/** Stray errors of this process, or of this worker. */
export const strayErrors: StrayErrors = new StrayErrors();
