import { formatMemory } from "../../words/numbers.ts";
import { ModelError } from "../model_error.ts";
import { requireFile } from "./user_file.ts";
import { refusal } from "../../words/input_error.ts";

/** File as it was when it was opened; plain data, so that another thread can open it, too. */
export interface FileIdentity {
  /** Path of the file. */
  path: string;
  /** Number of bytes. */
  size: number;
  /** Time of the last change in ms since 1970, or `null` if the system keeps none. */
  changed: number | null;
}

/** File that is read in pieces, and never held whole in memory. */
export interface ByteSource {
  /** Number of bytes. */
  size: number;
  /** The file; `null` for bytes in memory. */
  file: FileIdentity | null;
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
  const file = { path, size, changed: mtime?.getTime() ?? null };
  return {
    size,
    file,
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
  read: (from, count) => bytes.subarray(from, from + count) as Uint8Array<ArrayBuffer>,
});

/**
 * Reads bytes of a file into memory that is there already.
 *
 * @param file The file.
 * @param from Index of the first byte.
 * @param to Its memory: as many bytes are read as it holds.
 * @throws {ModelError} If the file has changed since it was opened, or ends before.
 */
export function readInto(file: FileIdentity, from: number, to: Uint8Array): void {
  using handle = Deno.openSync(file.path);
  const now = handle.statSync();
  let done = 0;
  if (now.size === file.size && (now.mtime?.getTime() ?? null) === file.changed) {
    handle.seekSync(from, Deno.SeekMode.Start);
    while (done < to.length) {
      const more = handle.readSync(to.subarray(done));
      if (more === null) break;
      done += more;
    }
  }
  if (done < to.length) {
    throw new ModelError(`${file.path}: the file was changed while it was being read`);
  }
}
