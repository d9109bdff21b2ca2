import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import { InputError, refusal } from "../ground/words/input_error.ts";
import type { FileTensor } from "./weights_file.ts";

/** Returns true if a value is a whole number from 0 to 2^53: a size, an offset or a stride. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;

/**
 * Returns the number of entries of a shape; `null` if it is not a shape, or has more than 2^53
 * entries.
 */
export function countOf(shape: readonly unknown[]): number | null {
  let count = 1;
  for (const size of shape) {
    if (!isCount(size)) return null;
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** Returns the number of bytes of a tensor whose shape is one. */
export const tensorBytes = ({ shape, type }: { shape: readonly number[]; type: FileType }) =>
  countOf(shape)! * BYTES[type];

/**
 * Reads entries as numbers, exactly except for integers beyond 2^53.
 *
 * @param bytes The entries, little-endian, at any address.
 */
export function entriesOf(bytes: Uint8Array, type: FileType): Entries {
  // A copy starts at an address that is aligned for every type.
  const { buffer } = new Uint8Array(bytes);
  switch (type) {
    case "float64":
      return new Float64Array(buffer);
    case "float32":
      return new Float32Array(buffer);
    case "float16":
      return new Float32Array(new Float16Array(buffer));
    case "bfloat16": {
      // A bfloat16 is the upper half of a float32.
      const halves = new Uint16Array(buffer);
      const whole = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) whole[i] = halves[i] << 16;
      return new Float32Array(whole.buffer);
    }
    case "float8_e4m3":
      return Float32Array.from(new Uint8Array(buffer), decodeE4M3);
    case "float8_e5m2":
      // The upper half of a float16.
      return new Float32Array(
        new Float16Array(Uint16Array.from(new Uint8Array(buffer), (code) => code << 8).buffer),
      );
    case "float8_e4m3fnuz":
      return Float32Array.from(new Uint8Array(buffer), (code) => decodeUnsignedZero(code, 3));
    case "float8_e5m2fnuz":
      return Float32Array.from(new Uint8Array(buffer), (code) => decodeUnsignedZero(code, 2));
    case "int64":
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case "uint64":
      return Float64Array.from(new BigUint64Array(buffer), Number);
    case "int32":
      return new Int32Array(buffer);
    case "uint32":
      return new Uint32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "uint16":
      return new Uint16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
    default:
      throw new InputError(refusal`Entries of ${type} are not read, expected floats or integers`);
  }
}

/**
 * Decodes an FP8 E4M3 of the Open Compute Project, without infinities: 4 bits of exponent, 3 of
 * fraction.
 */
function decodeE4M3(code: number): number {
  if ((code & 0x7f) === 0x7f) return NaN;
  const sign = code < 0x80 ? 1 : -1;
  const exponent = code >> 3 & 15;
  const fraction = code & 7;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10);
}

/**
 * Decodes an FP8 of AMD and Graphcore: one zero, whose negative is the only NaN, no infinities, and
 * an exponent that is larger by one.
 *
 * @param fraction Number of bits of the fraction.
 */
function decodeUnsignedZero(code: number, fraction: number): number {
  if (code === 0x80) return NaN;
  const sign = code < 0x80 ? 1 : -1;
  const one = 2 ** fraction;
  const exponent = (code & 0x7f) >> fraction;
  const rest = code & (one - 1);
  const bias = 2 ** (6 - fraction) + fraction;
  return exponent === 0
    ? sign * rest * 2 ** (1 - bias)
    : sign * (one + rest) * 2 ** (exponent - bias);
}

/** Numbers in the array of their type. */
type Entries =
  | Float64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** Returns entries as float32, as {@linkcode decode} does, if possible without copying them. */
export const viewFloats = (bytes: Uint8Array<ArrayBuffer>, type: FileType): Float32Array =>
  type === "float32" && bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : decode(bytes, type);

/** Decodes entries as float32: float64 is narrowed, and so are integers beyond 2^24. */
export function decode(bytes: Uint8Array, type: FileType): Float32Array<ArrayBuffer> {
  const entries = entriesOf(bytes, type);
  return entries instanceof Float32Array ? entries : new Float32Array(entries);
}

/** Returns both readers of a tensor, given the bytes of its entries. */
export function readersOf(
  type: FileType,
  bytes: () => Uint8Array,
): Pick<FileTensor, "read" | "bytes"> {
  return { bytes, read: () => decode(bytes(), type) };
}

/** Encodes entries as the bytes of a floating-point type, little-endian, rounded if necessary. */
export function encode(entries: Float32Array, type: FileType): Uint8Array {
  switch (type) {
    case "float64":
      return new Uint8Array(new Float64Array(entries).buffer);
    case "float32":
      return new Uint8Array(entries.slice().buffer);
    case "float16":
      return new Uint8Array(new Float16Array(entries).buffer);
    case "bfloat16": {
      const whole = new Uint32Array(entries.slice().buffer);
      const halves = new Uint16Array(whole.length);
      for (let i = 0; i < halves.length; i++) {
        // Round to nearest, ties to even.
        halves[i] = (whole[i] + 0x7fff + (whole[i] >>> 16 & 1)) >>> 16;
      }
      return new Uint8Array(halves.buffer);
    }
    default:
      throw new InputError(
        refusal`Entries of ${type} are not written, expected floating-point numbers`,
      );
  }
}
