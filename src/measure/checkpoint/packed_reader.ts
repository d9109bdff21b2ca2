import { ModelError } from "../../model/model_error.ts";
import type { FileTensor } from "../../model/weights/weights_manifest.ts";
import type { ReadBytes } from "./sweep_part.ts";

/** Reader of a packed tensor, part by part: only one part is in memory. */
export class PackedReader {
  readonly #pieces: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array();
  #buffer = new Uint8Array();

  /** @param unpack See `FileTensor`. */
  constructor(unpack: NonNullable<FileTensor["unpack"]>) {
    this.#pieces = unpack()[Symbol.asyncIterator]();
  }

  /**
   * Unpacks a part, which begins where the last one ended.
   *
   * @param from Index of its first byte.
   * @param to Index of the byte behind its last.
   * @returns A reader of its bytes, until the next part.
   */
  async part(from: number, to: number): Promise<ReadBytes> {
    const count = to - from;
    if (this.#buffer.length < count) this.#buffer = new Uint8Array(count);
    for (let done = 0; done < count;) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const piece = this.#rest.subarray(0, count - done);
      this.#buffer.set(piece, done);
      this.#rest = this.#rest.subarray(piece.length);
      done += piece.length;
    }
    return (at, bytes) => bytes.set(this.#buffer.subarray(at - from, at - from + bytes.length));
  }

  /** Reads to the end, where the bytes are compared with their checksum. */
  async end(): Promise<void> {
    while (!(await this.#pieces.next()).done);
  }

  async #next(): Promise<Uint8Array<ArrayBuffer>> {
    const { value, done } = await this.#pieces.next();
    // An archive that unpacks to less is damaged, which its reader says.
    if (!done) return value;
    throw new ModelError({
      place: "A packed tensor",
      verb: "ends",
      found: "early",
      expected: "the bytes of its shape",
    });
  }
}
