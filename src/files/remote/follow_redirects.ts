import { failure } from "../../ground/words/failure.ts";
import { InputError, type Refusal, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { host } from "../../platform/host.ts";

/** Number of further attempts. */
const MAX_RETRIES = 6;

/** Further attempts to reach a server that has not answered. */
const MAX_RETRIES_UNREACHED = 2;

/** First delay in ms; each further one is twice as long. */
const FIRST_DELAY = 250;

/** Longest time in ms that a server may ask to wait. */
const MAX_AFTER = 300_000;

/** Failure that another attempt may not have. */
export class Transient extends InputError {
  /** Time in ms that the server asks to wait. */
  readonly after: number;
  /** Number of further attempts that are worth it. */
  readonly retries: number;

  constructor(
    message: Refusal | string,
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
        throw new ModelError({
          place: message,
          verb: "and asks to wait",
          found: `${Math.ceil(after / 1000)} s`,
          expected: `at most ${MAX_AFTER / 1000}`,
        });
      }
      if (done > retries) {
        throw new ModelError(`After ${done} attempts: ${message}`, { cause: error });
      }
      await wait(Math.max(after, delayOf(done, seed)));
    }
  }
}

/** Returns the delay after an attempt, 0.75 to 1.25 times the doubled one: the same for a seed. */
function delayOf(attempt: number, seed: number): number {
  const hash = Math.imul((seed % 2 ** 31) ^ Math.imul(attempt, 0x9e3779b1), 0x85ebca6b) >>> 8;
  return FIRST_DELAY * 2 ** (attempt - 1) * (0.75 + 0.5 * hash / 2 ** 24);
}

/** Secret of a user for one server. */
export interface Token {
  /** Scheme, host and port of the server. */
  origin: string;
  value: string;
}

/** Answer of a server, its body not read yet. */
export interface Answer {
  response: Response;
  /** Address that answered. */
  url: string;
  /** Its host. */
  host: string;
  /** Hosts that were asked. */
  hosts: string[];
  /** Commit of the file's repository, which Hugging Face says before it redirects. */
  commit: string | null;
  /** Reads the body; ends if no byte comes for long. */
  chunks(): AsyncGenerator<Uint8Array>;
  /** Gives up the body. */
  cancel(): Promise<void>;
}

/** Request for a file. */
interface Asked {
  /** Address to which it was redirected before, if it was. */
  place?: string;
  token: Token | null;
  headers: Record<string, string>;
  /** Time in ms without a byte after which the answer counts as cut off. */
  stall: number;
}

const MAX_REDIRECTS = 5;

/**
 * Asks for a file and follows redirections by hand: a token is sent to its own server alone, and
 * each host needs the permission.
 *
 * @throws {ModelError} If a host may not be asked, or redirects to nowhere.
 */
export async function follow(
  url: string,
  { place = url, token, headers, stall }: Asked,
): Promise<Answer> {
  const hosts = [new URL(url).host];
  let at = new URL(place);
  let commit: string | null = null;
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    if (!hosts.includes(at.host)) hosts.push(at.host);
    await requireAllowed(at, hosts);
    const { response, chunks, cancel } = await ask(at, stall, {
      ...headers,
      "accept-encoding": "identity",
      ...token?.origin === at.origin ? { authorization: `Bearer ${token.value}` } : {},
    });
    commit ??= response.headers.get("x-repo-commit");
    const { status } = response;
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) {
      return { response, url: at.href, host: at.host, hosts, commit, chunks, cancel };
    }
    await cancel();
    at = targetOf(location, at);
  }
  throw new ModelError(
    refusal`${
      hosts[0]
    } redirects more than ${MAX_REDIRECTS} times, expected at most ${MAX_REDIRECTS}`,
  );
}

/** Returns the target of a redirect. */
function targetOf(location: string, from: URL): URL {
  const target = URL.parse(location, from.href);
  const isSafe = target?.protocol === "https:" ||
    target?.protocol === "http:" && from.protocol === "http:";
  if (target !== null && isSafe) return target;
  throw new ModelError({
    place: from.host,
    verb: "redirects to",
    found: showValue(location.slice(0, 60)),
    expected: "an https: address",
  });
}

async function requireAllowed({ hostname, port, protocol }: URL, hosts: string[]): Promise<void> {
  const name = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  const { state } = await host.permissions.request({ name: "net", host: name });
  if (state === "granted") return;
  throw new ModelError(
    `Asking ${hosts.at(-1)} is not allowed: use --allow-net=${hosts.join(",")}`,
  );
}

async function ask(
  url: URL,
  stall: number,
  headers: Record<string, string>,
): Promise<Pick<Answer, "response" | "chunks" | "cancel">> {
  const abort = new AbortController();
  /** Waits for a step of the answer; if it fails, another attempt may succeed. */
  const step = async <T>(what: "reach" | "read", promise: Promise<T>): Promise<T> => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      abort.abort();
    }, stall);
    try {
      return await promise;
    } catch (error) {
      throw isLate
        ? new Transient(`${url.host} sent nothing for ${stall / 1000} s`)
        : new Transient(
          `${url.host} ${what === "reach" ? "cannot be reached" : "broke off"}: ${reasonOf(error)}`,
          { isUnreached: what === "reach" },
        );
    } finally {
      clearTimeout(timer);
    }
  };
  const response = await step(
    "reach",
    fetch(url, { headers, redirect: "manual", signal: abort.signal }),
  );
  return {
    response,
    async *chunks() {
      if (response.body === null) return;
      const reader = response.body.getReader();
      try {
        while (true) {
          const { done, value } = await step("read", reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        await reader.cancel().catch(() => {});
      }
    },
    cancel: async () => {
      await response.body?.cancel().catch(() => {});
    },
  };
}

/** Returns why a request failed, without its address, which may hold a secret. */
function reasonOf(error: unknown): string {
  // Deno says only "fetch failed", and the reason as its cause.
  return failure(error instanceof Error && error.cause || error).replace(
    /^.*?\(https?:\/\/[^)]*\): /,
    "",
  )
    .replace(/^client error \(\w+\): /, "");
}
