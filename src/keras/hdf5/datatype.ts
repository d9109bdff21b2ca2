import { BYTES } from "../../model/files/file_types.ts";
import type { FileType } from "../../model/weights/weights_manifest.ts";
import { type Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

/** Type of the entries of an array or attribute; the text of a `longText` is in a heap. */
export interface Datatype {
  type: FileType | "text" | "longText";
  /** Number of bytes of an entry. */
  size: number;
}

/** Floating-point types by their size and the bits of their exponent. */
const FLOATS: Record<string, FileType> = {
  "2 5": "float16",
  "2 8": "bfloat16",
  "4 8": "float32",
  "8 11": "float64",
};

const NAMES = [
  "whole numbers",
  "floating-point numbers",
  "times",
  "texts",
  "bit fields",
  "opaque bytes",
  "compounds",
  "references to objects",
  "enumerations",
  "lists",
  "arrays",
];

/**
 * Reads the type of entries.
 *
 * @throws {ModelError} If they are neither text nor numbers as Keras writes them.
 */
export function readDatatype(bytes: Hdf5Bytes): Datatype {
  const kind = bytes.uint(1) & 15;
  const bits = bytes.uint(1);
  bytes.skip(2);
  const size = bytes.uint(4);
  let type: string | undefined;
  switch (kind) {
    case 0:
      type = `${(bits & 8) === 0 ? "uint" : "int"}${8 * size}`;
      break;
    case 1:
      bytes.skip(5);
      type = FLOATS[`${size} ${bytes.uint(1)}`];
      break;
    case 3:
      return { type: "text", size };
    case 5:
      // HDF5 has no native bfloat16.
      type = size === 2 ? "bfloat16" : undefined;
      break;
    case 8:
      // A boolean is an enumeration of bytes.
      return readDatatype(bytes);
    case 9:
      if ((bits & 15) === 1) return { type: "longText", size };
  }
  if (type === undefined || !Object.hasOwn(BYTES, type)) {
    throw bytes.wrong(
      `says that the entries are ${NAMES[kind] ?? "unknown"} of ${8 * size} bits`,
      "text, floats or integers",
    );
  }
  if (size > 1 && (bits & 1) !== 0 && kind < 2) {
    throw bytes.wrong("says that the entries are big-endian", "little-endian ones as Keras writes");
  }
  return { type: type as FileType, size };
}

/** Largest number of axes of an array in HDF5. */
const MAX_RANK = 32;

/** Reads a shape. */
export function readDataspace(bytes: Hdf5Bytes): number[] {
  const version = bytes.version(1, 2);
  const rank = bytes.uint(1);
  bytes.skip(1);
  // In the newer version, a mark instead of an axis of length 0 denotes a space without entries.
  if (version === 1) bytes.skip(5);
  else if (bytes.uint(1) === 2) return [0];
  if (rank > MAX_RANK) throw bytes.wrong(`has ${rank} axes`, `at most ${MAX_RANK}`);
  const shape = Array.from({ length: rank }, () => bytes.length());
  if (shape.some((size) => size === NOWHERE || size >= Number.MAX_SAFE_INTEGER)) {
    throw bytes.wrong("has an axis of 2^53 entries or more", "fewer");
  }
  return shape;
}
