import { Budget, type ByteSource } from "../../files/byte_source.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { refusalAt } from "../../ground/words/input_error.ts";
import { formatCount } from "../../ground/words/numbers.ts";

/** Undefined address. */
export const NOWHERE = -1;

/** Rejects an object that is intact but holds no numbers, such as a text or a link. */
export class NoNumbers extends ModelError {}

/** Number of bytes searched for the end of a name at a time. */
const NAME_BYTES = 256;

/** Position in a piece of an HDF5 file, from which bytes are read up to the end of the piece. */
export class Hdf5Bytes {
  readonly #file: ByteSource;
  /** Numbers of bytes of an address and of a length. */
  readonly widths: { offset: number; length: number };
  readonly #end: number;
  readonly #what: string;
  /** Index of the next byte to read. */
  at: number;

  /**
   * @param file The whole file.
   * @param widths Numbers of bytes of an address and of a length.
   * @param piece `from`: its start; `count`: number of its bytes; `what`: its name, for messages.
   * @throws {ModelError} If the file ends before the piece.
   */
  constructor(
    file: ByteSource,
    widths: { offset: number; length: number },
    { from, count, what }: { from: number; count: number; what: string },
  ) {
    if (!(from >= 0 && count >= 0 && from + count <= file.size)) {
      throw new ModelError({
        place: what,
        found: `at bytes ${from} to ${from + count}`,
        expected: `it within the HDF5 file's ${formatCount(file.size, "byte")}`,
        hint: ": damaged",
      });
    }
    this.#file = file;
    this.widths = widths;
    this.#end = from + count;
    this.#what = what;
    this.at = from;
  }

  /** Number of bytes left in the piece. */
  get left(): number {
    return this.#end - this.at;
  }

  /** Returns another piece of the same file. */
  piece(from: number, count: number, what: string): Hdf5Bytes {
    return new Hdf5Bytes(this.#file, this.widths, { from, count, what });
  }

  /** Returns a piece that may extend to the end of the file. */
  rest(from: number, what: string): Hdf5Bytes {
    return this.piece(from, Math.max(0, this.#file.size - from), what);
  }

  /**
   * Makes the error for an unexpected value.
   *
   * @param said Verb and value found: `has version 4`.
   */
  wrong(said: string, expected: string): ModelError {
    return new ModelError(refusalAt(this.#what, said, expected));
  }

  /** Makes the error for a value that leaves an object without numbers. */
  noNumbers(said: string, expected: string): NoNumbers {
    return new NoNumbers(refusalAt(this.#what, said, expected));
  }

  /** Skips bytes; returns the position before them. */
  skip(count: number): number {
    const at = this.at;
    if (count > this.left) {
      throw this.wrong("is cut off", `${formatCount(count, "more byte")} at byte ${at}`);
    }
    this.at += count;
    return at;
  }

  /** Reads a whole number of the given number of bytes, little-endian. */
  uint(bytes: number): number {
    const read = this.bytes(bytes);
    if (bytes === 8 && read.every((byte) => byte === 255)) return NOWHERE;
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = 256 * value + read[i];
    // No file is that long, so any use of it ends in an error message.
    return Number.isSafeInteger(value) ? value : Number.MAX_SAFE_INTEGER;
  }

  /** Reads an address in the file, or {@linkcode NOWHERE}. */
  offset(): number {
    const { offset } = this.widths;
    const value = this.uint(offset);
    return offset === 4 && value === 0xffffffff ? NOWHERE : value;
  }

  /** Reads a length. */
  length(): number {
    return this.uint(this.widths.length);
  }

  /** Reads bytes; of a file in memory, as a view of it. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return this.#file.read(this.skip(count), count, this.#what);
  }

  /** Reads a text of the given number of bytes, up to the first 0. */
  text(count: number): string {
    const bytes = this.bytes(count);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
  }

  /** Reads a text that ends with a 0. */
  name(): string {
    for (let from = 0; from < this.left; from += NAME_BYTES) {
      const count = Math.min(NAME_BYTES, this.left - from);
      const end = this.#file.read(this.at + from, count, this.#what).indexOf(0);
      if (end !== -1) return this.text(from + end + 1);
    }
    throw this.wrong("has a name without an end", "a byte 0 after it");
  }

  /** Requires the letters at the start of every block of a kind. */
  signature(letters: string): void {
    const found = this.left < letters.length ? "" : this.text(letters.length);
    if (found !== letters) {
      throw this.wrong("is damaged", `${JSON.stringify(letters)} at its start`);
    }
  }

  /** Requires one of the known versions. */
  version(...known: number[]): number {
    const version = this.uint(1);
    if (!known.includes(version)) {
      throw this.wrong(`has version ${version}`, `${known.join(" or ")}`);
    }
    return version;
  }
}

/**
 * Limits on what may still be read of an HDF5 file. Its headers, names, texts and heaps can be
 * referenced many times and can overlap; in a file that a program wrote, they share no bytes.
 */
export interface Hdf5Budget {
  /** Bytes of object headers and their continuations. */
  headers: Budget;
  /** Characters of the paths of objects, and of the names in them. */
  names: Budget;
  /** Bytes of texts of attributes. */
  texts: Budget;
  /** Bytes of the heaps of texts. */
  heaps: Budget;
  /** Bytes of the trees that list names and attributes. */
  trees: Budget;
}

/**
 * Factor over the size of the file for names and texts: paths repeat the names of the groups above,
 * and texts may be short.
 */
const REPEATED = 4;

/** Returns the budget for a file of the given number of bytes. */
export function hdf5Budget(size: number): Hdf5Budget {
  return {
    headers: ownBytes(size, "The headers of the HDF5 file"),
    names: ownBytes(REPEATED * size, "The names of the HDF5 file"),
    texts: ownBytes(REPEATED * size, "The texts of the HDF5 file"),
    heaps: ownBytes(size, "The heaps of texts of the HDF5 file"),
    trees: ownBytes(REPEATED * size, "The lists of names and attributes of the HDF5 file"),
  };
}

/** Returns the budget of parts of a file that share no bytes in one that a program wrote. */
export const ownBytes = (most: number, place: string): Budget =>
  new Budget(most, () =>
    new ModelError({
      place,
      verb: "add up to",
      found: `more than ${formatCount(most, "byte")}`,
      expected: "each to have its own",
      hint: ": they repeat or overlap",
    }));
