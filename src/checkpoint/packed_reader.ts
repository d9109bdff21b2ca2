import { ModelError } from "../core/model/model_error.ts";
import type { FileTensor } from "../files/weights_file.ts";
import type { ReadBytes } from "./sweep_part.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Memory of readers that have ended: another one would be collected late. */
const spare: Bytes[] = [];

/**
 * Reader of a packed tensor, part by part: only one part is in memory, or only a piece if nothing is
 * awaited.
 */
export class PackedReader {
  /** Pieces; those that are not awaited are read when a part is. */
  readonly #pieces: AsyncIterator<Bytes> | Iterator<Bytes>;
  readonly #isAwaited: boolean;
  #rest: Bytes = new Uint8Array();
  /** Index of the first byte of the rest. */
  #at = 0;
  #buffer: Bytes | null = null;

  /** @param unpack See `FileTensor`. */
  constructor(unpack: NonNullable<FileTensor["unpack"]>) {
    const pieces = unpack();
    this.#isAwaited = !(Symbol.iterator in pieces);
    this.#pieces = Symbol.iterator in pieces
      ? pieces[Symbol.iterator]()
      : pieces[Symbol.asyncIterator]();
  }

  /**
   * Unpacks a part, which begins where the last one ended.
   *
   * @param from Index of its first byte.
   * @param to Index of the byte behind its last.
   * @returns A reader of its bytes in their order, until the next part.
   */
  async part(from: number, to: number): Promise<ReadBytes> {
    if (!this.#isAwaited) return (at, bytes) => this.#copy(at, bytes);
    const count = to - from;
    this.#buffer ??= spare.pop() ?? null;
    if (this.#buffer === null || this.#buffer.length < count) this.#buffer = new Uint8Array(count);
    const buffer = this.#buffer;
    for (let done = 0; done < count;) {
      if (this.#rest.length === 0) this.#rest = valueOf(await this.#pieces.next());
      done += this.#take(buffer.subarray(done, count));
    }
    return (at, bytes) => bytes.set(buffer.subarray(at - from, at - from + bytes.length));
  }

  /** Reads to the end, where the bytes are compared with their checksum. */
  async end(): Promise<void> {
    while (!(await this.#pieces.next()).done);
    if (this.#buffer !== null) spare.push(this.#buffer);
  }

  /** Copies bytes behind all that were copied before; those between are skipped. */
  #copy(from: number, to: Uint8Array): void {
    for (let done = 0; done < to.length;) {
      if (this.#rest.length === 0) {
        this.#rest = valueOf((this.#pieces as Iterator<Bytes>).next());
      }
      const skipped = Math.min(from - this.#at, this.#rest.length);
      if (done === 0 && skipped > 0) {
        this.#rest = this.#rest.subarray(skipped);
        this.#at += skipped;
      } else done += this.#take(to.subarray(done));
    }
  }

  #take(to: Uint8Array): number {
    const piece = this.#rest.subarray(0, to.length);
    to.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    this.#at += piece.length;
    return piece.length;
  }
}

function valueOf({ value, done }: IteratorResult<Bytes>): Bytes {
  // An archive that unpacks to less is damaged; its reader reports that.
  if (!done) return value;
  throw new ModelError({
    place: "A packed tensor",
    verb: "ends",
    found: "early",
    expected: "the bytes of its shape",
  });
}
