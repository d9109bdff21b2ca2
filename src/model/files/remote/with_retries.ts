import { ModelError } from "../../model_error.ts";

/** Number of further attempts. */
const MAX_RETRIES = 6;

/** Further attempts to reach a server that has not answered. */
const MAX_RETRIES_UNREACHED = 2;

/** First delay in ms; each further one is twice as long. */
const FIRST_DELAY = 250;

/** Longest time in ms that a server may ask to wait. */
const MAX_AFTER = 300_000;

/** Failure that another attempt may not have. */
export class Transient extends Error {
  /** Time in ms that the server asks to wait. */
  readonly after: number;
  /** Number of further attempts that are worth it. */
  readonly retries: number;

  constructor(
    message: string,
    { after = null, isUnreached = false }: { after?: string | null; isUnreached?: boolean } = {},
  ) {
    super(message);
    this.after = after === null ? 0 : waitOf(after);
    this.retries = isUnreached ? MAX_RETRIES_UNREACHED : MAX_RETRIES;
  }
}

/** Returns the time in ms of a `Retry-After`: seconds or a date. */
function waitOf(header: string): number {
  const ms = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/**
 * Repeats what fails for a reason that passes, with delays that double.
 *
 * @param attempt The work.
 * @param options `seed`: spreads the delays of requests that failed together; `wait`: waits.
 * @throws {ModelError} If it still fails in the end.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { seed, wait }: { seed: number; wait: (ms: number) => Promise<void> },
): Promise<T> {
  for (let done = 1;; done++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      const { message, after, retries } = error;
      if (after > MAX_AFTER) {
        throw new ModelError(
          `${message} and asks to wait ${Math.ceil(after / 1000)} s, expected at most ${
            MAX_AFTER / 1000
          }`,
        );
      }
      if (done > retries) throw new ModelError(`${message}, in each of ${done} attempts`);
      await wait(Math.max(after, delayOf(done, seed)));
    }
  }
}

/** Returns the delay after an attempt, 0.75 to 1.25 times the doubled one: the same for a seed. */
function delayOf(attempt: number, seed: number): number {
  const hash = Math.imul((seed % 2 ** 31) ^ Math.imul(attempt, 0x9e3779b1), 0x85ebca6b) >>> 8;
  return FIRST_DELAY * 2 ** (attempt - 1) * (0.75 + 0.5 * hash / 2 ** 24);
}
