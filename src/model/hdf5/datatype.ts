import { formatCount } from "../../words/numbers.ts";
import type { Hdf5Bytes } from "./hdf5_bytes.ts";

/** What the entries of an array or attribute are. */
export type Datatype =
  | { kind: "float"; size: number; exponent: number; bigEndian: boolean }
  | { kind: "integer"; size: number; signed: boolean; bigEndian: boolean }
  | { kind: "text"; size: number }
  | { kind: "longText"; size: number }
  | { kind: "bits"; size: number };

const NAMES = [
  ...["whole numbers", "floating-point numbers", "times", "texts", "bit fields", "opaque bytes"],
  ...["compounds", "references to objects", "enumerations", "lists", "arrays"],
];

/** Reads what entries are. */
export function readDatatype(bytes: Hdf5Bytes): Datatype {
  const kind = bytes.uint(1) & 15;
  const bits = bytes.uint(1);
  bytes.skip(2);
  const size = bytes.uint(4);
  const bigEndian = (bits & 1) !== 0;
  switch (kind) {
    case 0:
      return { kind: "integer", size, signed: (bits & 8) !== 0, bigEndian };
    case 1: {
      bytes.skip(5);
      return { kind: "float", size, exponent: bytes.uint(1), bigEndian };
    }
    case 3:
      return { kind: "text", size };
    case 5:
      return { kind: "bits", size };
    case 8: {
      // A truth value is an enumeration of bytes.
      const base = readDatatype(bytes);
      return { ...base, size };
    }
    case 9:
      if ((bits & 15) === 1) return { kind: "longText", size };
  }
  throw bytes.wrong(`says that the entries are ${NAMES[kind] ?? "unknown"}`, "numbers or text");
}

/** Reads a shape. */
export function readDataspace(bytes: Hdf5Bytes): number[] {
  const version = bytes.version(1, 2);
  const rank = bytes.uint(1);
  bytes.skip(1);
  // A space without any entry has its own mark in the newer version, and no axis of length 0.
  if (version === 1) bytes.skip(5);
  else if (bytes.uint(1) === 2) return [0];
  return Array.from({ length: rank }, () => bytes.length());
}

/** How many entries a shape has. */
export const countOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/**
 * The entries as float32: the numbers of TensorFlow.js.
 *
 * @param bytes Where they stand.
 * @param count How many.
 * @param type What they are.
 */
export function readNumbers(bytes: Hdf5Bytes, count: number, type: Datatype): Float32Array {
  const { kind, size } = type;
  const get = kind === "float"
    ? floatReader(type.size, type.exponent)
    : kind === "integer"
    ? integerReader(type.size, type.signed)
    : kind === "bits" && size === 2
    ? readBfloat16
    : undefined;
  if (get === undefined) {
    throw bytes.wrong(
      `has entries of ${formatCount(size, "byte")} that are no usual numbers`,
      "float16, bfloat16, float32, float64 or integers",
    );
  }
  const raw = bytes.bytes(count * size);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const littleEndian = !("bigEndian" in type && type.bigEndian);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = get(view, i * size, littleEndian);
  return values;
}

type Get = (view: DataView, at: number, littleEndian: boolean) => number;

function floatReader(size: number, exponent: number): Get | undefined {
  if (size === 4 && exponent === 8) return (view, at, little) => view.getFloat32(at, little);
  if (size === 8 && exponent === 11) return (view, at, little) => view.getFloat64(at, little);
  if (size === 2 && exponent === 5) return (view, at, little) => view.getFloat16(at, little);
  if (size === 2 && exponent === 8) return readBfloat16;
}

/** A bfloat16 is the first half of a float32. */
const readBfloat16: Get = (view, at, little) => {
  const whole = new DataView(new ArrayBuffer(4));
  whole.setUint16(0, view.getUint16(at, little));
  return whole.getFloat32(0);
};

function integerReader(size: number, signed: boolean): Get | undefined {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed
        ? (view, at, little) => view.getInt16(at, little)
        : (view, at, little) => view.getUint16(at, little);
    case 4:
      return signed
        ? (view, at, little) => view.getInt32(at, little)
        : (view, at, little) => view.getUint32(at, little);
    case 8:
      return signed
        ? (view, at, little) => Number(view.getBigInt64(at, little))
        : (view, at, little) => Number(view.getBigUint64(at, little));
  }
}
