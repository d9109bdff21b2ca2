import { ModelError } from "../model_error.ts";

/** No integer in a file of weights takes more bytes. */
const LONGEST_INTEGER = 16;

/**
 * Reads the operands of a pickle's instructions, one after the other, and nothing past the end of
 * the file.
 */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Index of the next byte. */
  at: number;

  /**
   * @param bytes The file.
   * @param start Index of the start of the pickle.
   */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  /** Reads a byte. */
  byte(): number {
    return this.#bytes[this.#skip(1)];
  }

  /** Reads a whole number of two bytes. */
  short(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  /** Reads a whole number of four bytes. */
  long(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** Reads a signed whole number of four bytes. */
  signed(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** Reads a number of eight bytes, big-endian. */
  double(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** Reads bytes as a view of the file. */
  raw(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Reads a text. */
  text(length: number): string {
    return new TextDecoder().decode(this.raw(length));
  }

  /** Reads a text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end === -1) throw broken("no end: truncated");
    const line = this.text(end - this.at);
    this.at++;
    return line;
  }

  /** Reads a signed whole number of `length` bytes, little-endian. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER) throw broken(`an integer of ${length} bytes`);
    const value = this.raw(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  #skip(count: number): number {
    const at = this.at;
    if (at + count > this.#bytes.length) throw broken("no end: truncated");
    this.at = at + count;
    return at;
  }
}

/** Makes the error for a pickle that no program wrote. */
export const broken = (what: string): ModelError =>
  new ModelError(`The pickle has ${what}, expected what torch.save writes`);
