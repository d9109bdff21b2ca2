import { refusal } from "../ground/words/input_error.ts";
import { formatMemory } from "../ground/words/numbers.ts";
import { ModelError } from "../core/model/model_error.ts";
import { expectRemote, readRemote, type RemotePlace } from "./remote/mailbox.ts";
import { requireFile } from "./user_file.ts";
import { host, SeekMode } from "../platform/host.ts";

/**
 * Limit on the resources for reading an untrusted file: bytes of memory, or bytes that are read.
 * Parts of a file can be referenced many times, so the size of the file alone limits neither.
 */
export class Budget {
  #left: number;
  readonly #refuse: () => Error;

  /**
   * @param most Amount that may be spent.
   * @param refuse Makes the error for spending more.
   */
  constructor(most: number, refuse: () => Error) {
    this.#left = most;
    this.#refuse = refuse;
  }

  /** Spends a part; throws if less than that is left. */
  spend(amount: number): void {
    this.#left -= amount;
    if (!(this.#left >= 0)) throw this.#refuse();
  }
}

/** File as it was when it was opened; plain data, so that another thread can open it, too. */
export interface FileIdentity {
  /** Path of the file. */
  path: string;
  /** Number of bytes. */
  size: number;
  /** Time of the last change in ms since 1970, or `null` if the system keeps none. */
  changed: number | null;
  /** Files whose bytes follow each other, if the source joins several (shards). */
  parts?: readonly FileIdentity[];
  /** State of a file on a server: its `ETag` or, without one, `Last-Modified`. */
  state?: string;
  /** Its bytes on a server, from which they are read instead. */
  remote?: RemotePlace;
  /** Its bytes, if they were read at once. */
  bytes?: SharedArrayBuffer;
}

/** File that is read in pieces, and never held whole in memory. */
export interface ByteSource {
  /** Number of bytes. */
  size: number;
  /** The file; `null` for bytes in memory. */
  file: FileIdentity | null;
  /** Place of its first byte in that file: not 0 in a part of it. */
  start: number;
  /**
   * Reads a piece.
   *
   * @param from Index of the first byte.
   * @param what Name of the piece, for messages.
   */
  read(from: number, count: number, what: string): Uint8Array<ArrayBuffer>;
}

/** Largest number of bytes of one piece. */
const MAX_PIECE = 2 ** 32;

/**
 * Returns a file as pieces. It is opened for each of them, so that nothing has to be closed.
 *
 * @throws {Error} If it is missing, or not a file.
 */
export async function byteSource(path: string): Promise<ByteSource> {
  const { size, mtime } = await requireFile(path);
  return sourceOf({ path, size, changed: mtime?.getTime() ?? null });
}

/** Returns files whose bytes follow each other as one source. */
export function joinedSource(path: string, parts: readonly FileIdentity[]): ByteSource {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return sourceOf({ path, size, changed: null, parts });
}

/** Returns a file as pieces. */
export function sourceOf(file: FileIdentity): ByteSource {
  const { path, size } = file;
  return {
    size,
    file,
    start: 0,
    read(from, count, what) {
      if (count > MAX_PIECE) {
        throw new ModelError(
          refusal`${path}: ${what} has ${formatMemory(count)}, expected at most ${
            formatMemory(MAX_PIECE)
          }`,
        );
      }
      const bytes = new Uint8Array(count);
      readInto(file, from, bytes);
      return bytes;
    },
  };
}

/** Returns bytes in memory as a source; its pieces are views. */
export const bytesInMemory = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  file: null,
  start: 0,
  read: (from, count) => bytes.subarray(from, from + count) as Uint8Array<ArrayBuffer>,
});

/** Returns a part of a source: a file in an archive that stores it as it is. */
export const partOf = (source: ByteSource, from: number, size: number): ByteSource => ({
  size,
  file: source.file,
  start: source.start + from,
  read: (at, count, what) => source.read(from + at, Math.min(count, size - at), what),
});

/** Largest number of bytes that {@linkcode piecesOf} reads at once: they stay in the cache. */
const PIECE = 2 ** 20;

/**
 * Yields a range of a source in pieces. Each is read over the one before, so that a range of gigabytes
 * leaves nothing to collect. Their ends are multiples of 16 bytes.
 *
 * @param from Index of the first byte.
 * @param what Name of the range, for messages.
 */
export function* piecesOf(
  source: ByteSource,
  { from, count, what }: { from: number; count: number; what: string },
): Generator<Uint8Array<ArrayBuffer>> {
  const { file, start } = source;
  if (file === null) return yield source.read(from, count, what);
  const buffer = new Uint8Array(Math.min(PIECE, count));
  for (let at = 0; at < count; at += PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, count - at));
    readInto(file, start + from + at, piece);
    yield piece;
  }
}

/** Bytes of a page, and number of pages that are kept. */
const PAGE = 2 ** 16;
const MAX_PAGES = 64;

/** Returns a source that keeps the pages read last, for formats whose headers are spread widely. */
export function pagedSource(source: ByteSource): ByteSource {
  const pages = new Map<number, Uint8Array<ArrayBuffer>>();
  const pageAt = (number: number) => {
    const from = number * PAGE;
    const page = pages.get(number) ??
      source.read(from, Math.min(PAGE, source.size - from), "A part of the headers");
    pages.delete(number);
    pages.set(number, page);
    if (pages.size > MAX_PAGES) pages.delete(pages.keys().next().value!);
    return page;
  };
  return {
    ...source,
    read(from, count, what) {
      const first = Math.floor(from / PAGE);
      const isOne = count > 0 && from + count <= (first + 1) * PAGE;
      if (!isOne) return source.read(from, count, what);
      return pageAt(first).subarray(from - first * PAGE, from - first * PAGE + count);
    },
  };
}

/**
 * Reads bytes of a file into memory that is there already.
 *
 * @param file The file.
 * @param from Index of the first byte.
 * @param to Its memory: as many bytes are read as it holds.
 * @throws {ModelError} If the file has changed since it was opened, or ends before.
 */
export function readInto(file: FileIdentity, from: number, to: Uint8Array): void {
  if (file.parts !== undefined) return readParts(file.parts, from, to);
  if (file.bytes !== undefined) return to.set(new Uint8Array(file.bytes, from, to.length));
  if (file.remote !== undefined) return readFar(file, file.remote, from, to);
  using handle = host.openSync(file.path);
  const now = handle.statSync();
  let done = 0;
  if (now.size === file.size && (now.mtime?.getTime() ?? null) === file.changed) {
    handle.seekSync(from, SeekMode.Start);
    while (done < to.length) {
      const more = handle.readSync(to.subarray(done));
      if (more === null) break;
      done += more;
    }
  }
  if (done < to.length) {
    throw new ModelError("the file was changed while it was being read").within(file.path);
  }
}

function readFar(
  { path, size }: FileIdentity,
  place: RemotePlace,
  from: number,
  to: Uint8Array,
): void {
  const end = from + to.length;
  if (end > size) {
    throw new ModelError(refusal`the file ends at byte ${size}, expected ${end}`).within(path);
  }
  try {
    readRemote(place, from, to);
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

/** Range of a file that is going to be read. */
interface ExpectedRead {
  file: FileIdentity;
  from: number;
  to: number;
}

/**
 * Announces the next reads of this thread, in order; those of files on servers are read ahead.
 */
export function expectReads(reads: readonly ExpectedRead[]): void {
  expectRemote(
    reads.flatMap(({ file: { remote: place }, from, to }) =>
      place === undefined ? [] : [{ place, from, to }]
    ),
  );
}

function readParts(parts: readonly FileIdentity[], from: number, to: Uint8Array): void {
  let start = 0;
  for (const part of parts) {
    const first = Math.max(from, start), last = Math.min(from + to.length, start + part.size);
    if (first < last) readInto(part, first - start, to.subarray(first - from, last - from));
    start += part.size;
  }
}
