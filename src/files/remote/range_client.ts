import { formatMemory } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { type Answer, follow, type Token, Transient, withRetries } from "./follow_redirects.ts";
import { refusal, refusalAt } from "../../ground/words/input_error.ts";

/** File on a server, as it was when it was opened; plain data. */
export interface RemoteFile {
  /** Address. */
  url: string;
  /** Number of bytes. */
  size: number;
  /** Its `ETag`, which every later answer must have; `null` if the server gives none. */
  etag: string | null;
  /** Its `Last-Modified`, likewise. */
  modified: string | null;
  /** Sent to the server, and to no other; `null` for a public file. */
  token: Token | null;
}

/** File that was just opened. */
export interface OpenedFile {
  file: RemoteFile;
  /** Its first bytes. */
  head: Uint8Array;
  /** Hosts that were asked, the last one of which has the bytes. */
  hosts: string[];
  /** Commit of its repository, if the server says it. */
  commit: string | null;
}

/** Number of bytes that are read when a file is opened: most headers fit. */
const HEAD_BYTES = 2 ** 16;

/** Largest file that is read whole if its server does not send ranges. */
const MAX_WHOLE = 2 ** 26;

/** Largest text, such as an index. */
const MAX_TEXT = 2 ** 28;

/** Time in ms without a byte after which an answer counts as cut off. */
const STALL = 30_000;

/** Settings of a {@linkcode RangeClient}, for tests. */
interface ClientSettings {
  /** Waits before another attempt. Default: a timer. */
  wait?: (ms: number) => Promise<void>;
  /** Time in ms without a byte after which an answer counts as cut off. Default: 30 s. */
  stall?: number;
}

/**
 * Reads files by HTTP ranges. Transient failures (a cut-off answer, 429, 5xx) are retried; a file
 * that changes while it is read is refused.
 */
export class RangeClient {
  readonly #wait: (ms: number) => Promise<void>;
  readonly #stall: number;
  /** Addresses to which files were redirected. */
  readonly #places = new Map<string, string>();

  /** @param settings Settings for tests. */
  constructor({ wait = delay, stall = STALL }: ClientSettings = {}) {
    this.#wait = wait;
    this.#stall = stall;
  }

  /**
   * Opens a file.
   *
   * @throws {ModelError} If it cannot be read, or not in pieces and is too large to be read whole.
   */
  async open(url: string, token: Token | null = null): Promise<OpenedFile> {
    return await this.#retrying(0, async () => {
      const answer = await this.#ask(url, token, { range: `bytes=0-${HEAD_BYTES - 1}` });
      const { status, headers } = answer.response;
      const { hosts, commit } = answer;
      const opened = (size: number, head: Uint8Array): OpenedFile => ({
        file: { url, size, ...validatorOf(headers), token },
        head,
        hosts,
        commit,
      });
      const range = headers.get("content-range");
      if (status === 416 && /^bytes \*\/0$/.test(range ?? "")) {
        await answer.cancel();
        return opened(0, new Uint8Array());
      }
      if (status === 200) {
        const bytes = await this.#bodyOf(
          answer,
          MAX_WHOLE,
          `The file, which ${answer.host} does not send in parts,`,
        );
        return opened(bytes.length, bytes);
      }
      await requireStatus(answer, 206);
      const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range ?? "")?.map(Number) ??
        [];
      if (first !== 0 || last !== Math.min(HEAD_BYTES, size) - 1) {
        throw await wrongRange(answer, 0, HEAD_BYTES);
      }
      return opened(size, await this.#fill(answer, last + 1));
    });
  }

  /**
   * Reads a range of a file.
   *
   * @param from Index of the first byte.
   * @param to Index behind the last.
   * @throws {ModelError} If the file has changed, or its server does not send it.
   */
  async read(file: RemoteFile, from: number, to: number): Promise<Uint8Array> {
    const { url, size, etag, modified, token } = file;
    // A weak ETag never matches by If-Match.
    const isStrong = etag !== null && !etag.startsWith("W/");
    const headers = {
      range: `bytes=${from}-${to - 1}`,
      ...isStrong ? { "if-match": etag } : {},
      ...etag === null && modified !== null ? { "if-unmodified-since": modified } : {},
    };
    return await this.#retrying(from, async () => {
      const answer = await this.#ask(url, token, headers);
      const { status, headers: told } = answer.response;
      const range = told.get("content-range");
      if (status === 412 || status === 416) {
        throw await changed(answer, `answered ${status}`, "206");
      }
      const now = validatorOf(told);
      if (status === 200 || status === 206) {
        if (etag !== null && now.etag !== null && now.etag !== etag) {
          throw await changed(answer, `has ETag ${showValue(now.etag)}`, showValue(etag));
        }
        if (etag === null && now.modified !== modified) {
          throw await changed(answer, `says Last-Modified ${now.modified}`, `${modified}`);
        }
      }
      if (status === 200) {
        await answer.cancel();
        throw new Transient(refusal`${answer.host} sends the whole file, expected a part of it`);
      }
      await requireStatus(answer, 206);
      const total = /\/(\d+)$/.exec(range ?? "")?.[1];
      if (total !== undefined && Number(total) !== size) {
        throw await changed(answer, `has ${total} bytes`, `${size}`);
      }
      if (range !== `bytes ${from}-${to - 1}/${size}`) throw await wrongRange(answer, from, to);
      return await this.#fill(answer, to - from);
    });
  }

  /** Reads a text; returns `null` if the server has none of that name. */
  async text(url: string, token: Token | null): Promise<string | null> {
    const bytes = await this.#retrying(0, async () => {
      const answer = await this.#ask(url, token, {});
      if (answer.response.status === 404) {
        await answer.cancel();
        return null;
      }
      await requireStatus(answer, 200);
      return await this.#bodyOf(answer, MAX_TEXT, "The text");
    });
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }

  #retrying<T>(seed: number, attempt: () => Promise<T>): Promise<T> {
    return withRetries(attempt, { seed, wait: this.#wait });
  }

  /** Asks for a file where it was found last. */
  async #ask(
    url: string,
    token: Token | null,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const place = this.#places.get(url);
    const answer = await follow(url, { place, token, headers, stall: this.#stall });
    const { status } = answer.response;
    if (place !== undefined && status >= 400 && status < 500 && status !== 429) {
      // The address of a redirection is often valid for an hour only.
      this.#places.delete(url);
      if (status !== 412 && status !== 416) {
        await answer.cancel();
        throw new Transient(`${answer.host} answered ${status}`);
      }
    }
    if (status < 300 && answer.url !== url) this.#places.set(url, answer.url);
    if (status === 408 || status === 429 || status >= 500) {
      await answer.cancel();
      throw new Transient(`${answer.host} answered ${status}`, {
        after: answer.response.headers.get("retry-after"),
      });
    }
    return answer;
  }

  /** Reads exactly `size` bytes of an answer. */
  async #fill(answer: Answer, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let done = 0;
    for await (const chunk of answer.chunks()) {
      if (done + chunk.length > size) {
        throw new Transient(
          refusal`${answer.host} sent more than ${size} bytes, expected as many as it announced`,
        );
      }
      bytes.set(chunk, done);
      done += chunk.length;
    }
    if (done === size) return bytes;
    throw new Transient(refusal`${answer.host} sent ${done} bytes, expected ${size}: truncated`);
  }

  /** Reads the whole of an answer. */
  async #bodyOf(answer: Answer, most: number, place: string): Promise<Uint8Array> {
    const header = answer.response.headers.get("content-length");
    const length = header === null ? null : Number(header);
    const refuse = async (size: string) => {
      await answer.cancel();
      return new ModelError({
        place,
        verb: "has",
        found: size,
        expected: `at most ${formatMemory(most)}`,
        hint: ": download it",
      });
    };
    if (length !== null && length > most) throw await refuse(formatMemory(length));
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.chunks()) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > most) throw await refuse(`more than ${formatMemory(most)}`);
    }
    if (length !== null && size !== length) {
      throw new Transient(
        refusal`${answer.host} sent ${size} bytes, expected ${length}: truncated`,
      );
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const validatorOf = (headers: Headers) => ({
  etag: headers.get("etag"),
  modified: headers.get("last-modified"),
});

async function changed(
  { host, cancel }: Answer,
  now: string,
  before: string,
): Promise<ModelError> {
  await cancel();
  const place = `The file was changed while it was being read: ${host}`;
  return new ModelError(refusalAt(place, now, `${before} as before`));
}

async function wrongRange(
  { host, response, cancel }: Answer,
  from: number,
  to: number,
): Promise<Transient> {
  await cancel();
  const range = response.headers.get("content-range");
  return new Transient(
    refusal`${host} answered with Content-Range ${showValue(range)}, expected bytes ${from} to ${
      to - 1
    }`,
  );
}

/** Rejects an answer that no other attempt changes. */
async function requireStatus({ host, response, cancel }: Answer, expected: number): Promise<void> {
  const { status } = response;
  if (status === expected) return;
  await cancel();
  if (status === 401 || status === 403) {
    throw new ForbiddenError(`${host} does not allow reading it (${status})`, status);
  }
  if (status === 404 || status === 410) {
    throw new ForbiddenError(`${host} has no such file (${status})`, status);
  }
  throw new ModelError(refusal`${host} answered ${status}, expected ${expected}`);
}

/** The server does not give the file to anybody, or not to this reader. */
export class ForbiddenError extends ModelError {
  /** Its answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
