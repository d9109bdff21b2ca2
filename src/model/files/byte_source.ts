import { formatMemory } from "../../words/numbers.ts";
import { ModelError } from "../model_error.ts";
import { requireFile } from "./user_file.ts";
import { refusal } from "../../words/input_error.ts";

/** File that is read in pieces, and never held whole in memory. */
export interface ByteSource {
  /** Number of bytes. */
  size: number;
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
  return {
    size,
    read(from, count, what) {
      if (count > MAX_PIECE) {
        throw new ModelError(
          refusal`${path}: ${what} has ${formatMemory(count)}, expected at most ${
            formatMemory(MAX_PIECE)
          }`,
        );
      }
      using file = Deno.openSync(path);
      const now = file.statSync();
      const bytes = new Uint8Array(count);
      let done = 0;
      if (now.size === size && now.mtime?.getTime() === mtime?.getTime()) {
        file.seekSync(from, Deno.SeekMode.Start);
        while (done < count) {
          const more = file.readSync(bytes.subarray(done));
          if (more === null) break;
          done += more;
        }
      }
      if (done < count) {
        throw new ModelError(`${path}: the file was changed while it was being read`);
      }
      return bytes;
    },
  };
}
