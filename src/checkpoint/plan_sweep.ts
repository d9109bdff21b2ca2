import {
  CHUNK_BYTES,
  type CodeFormat,
  MAX_ROWS,
  MAX_WIDTH,
} from "../engine/native/checkpoint_sweep.ts";
import { countOf } from "../files/file_types.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";

const signed = (bytes: number): CodeFormat => ({ bytes, infinity: 0, nan: 0, whole: "signed" });
const unsigned = (bytes: number): CodeFormat => ({ bytes, infinity: 0, nan: 0, whole: "unsigned" });

/** Formats that are swept. The codes of float64 are those of the float32 that it is narrowed to. */
export const CODE_FORMATS: Partial<Record<FileType, CodeFormat>> = {
  float64: { bytes: 8, infinity: 0x7f800000, nan: 0x7f800001 },
  float32: { bytes: 4, infinity: 0x7f800000, nan: 0x7f800001 },
  float16: { bytes: 2, infinity: 0x7c00, nan: 0x7c01 },
  bfloat16: { bytes: 2, infinity: 0x7f80, nan: 0x7f81 },
  float8_e4m3: { bytes: 1, infinity: 0x7f, nan: 0x7f },
  float8_e5m2: { bytes: 1, infinity: 0x7c, nan: 0x7d },
  float8_e4m3fnuz: { bytes: 1, infinity: 0x80, nan: 0x80 },
  float8_e5m2fnuz: { bytes: 1, infinity: 0x80, nan: 0x80 },
  int8: signed(1),
  int16: signed(2),
  int32: signed(4),
  int64: signed(8),
  uint8: unsigned(1),
  uint16: unsigned(2),
  uint32: unsigned(4),
  uint64: unsigned(8),
  bool: unsigned(1),
};

/** Largest number of bytes of a part, after which a worker answers. */
export const PART_BYTES = 2 ** 26;

/** Largest number of rows whose hashes are kept until all are known. */
const MAX_ROWS_KEPT = 2 ** 20;

/** Matrix of a tensor: its first axis, and all others together. */
interface Matrix {
  rows: number;
  width: number;
  /** True if its rows are compared, and if its columns are. */
  compares: { rows: boolean; columns: boolean };
}

/**
 * Number of entries at the beginning of each row and column that are compared first. Lines that
 * differ usually differ there; the rest of a tensor is compared only if some do not.
 */
export const FIRST_ENTRIES = 128;

/** Part of a tensor that is swept at once: pieces of rows that follow each other. */
export interface Part {
  /** Number of the tensor. */
  tensor: number;
  /** Index of the first piece, and of the one behind the last. */
  from: number;
  to: number;
}

/** Division of a tensor into pieces that are read at once. */
export interface Pieces {
  /** Type of the entries as they are read. */
  type: FileType;
  /** The tensor as a matrix. */
  matrix: Matrix;
  /** True to compare whole rows and columns, not their first entries alone. */
  isWhole: boolean;
  /** Number of rows of a piece; 1 if a piece is a part of a row. */
  rows: number;
  /** Number of entries of each row of a piece. */
  width: number;
  /** Number of pieces in all. */
  count: number;
}

/**
 * Divides a tensor. The division depends on its shape and type alone, and so do its figures, however
 * many threads there are.
 */
export function dividePieces(shape: readonly number[], type: FileType): Pieces {
  const matrix = matrixOf(shape);
  const same = { type, matrix, isWhole: false };
  const room = CHUNK_BYTES / BYTES[type];
  if (!matrix.compares.rows) {
    const width = Math.min(room, matrix.width);
    return { ...same, rows: 1, width, count: Math.ceil(matrix.width / width) };
  }
  if (!matrix.compares.columns) {
    const pieces = Math.ceil(matrix.width / MAX_WIDTH);
    return { ...same, rows: 1, width: MAX_WIDTH, count: matrix.rows * pieces };
  }
  const rows = Math.min(MAX_ROWS, matrix.rows, Math.floor(room / matrix.width));
  return { ...same, rows, width: matrix.width, count: Math.ceil(matrix.rows / rows) };
}

/** Returns a tensor as a matrix. */
export function matrixOf(shape: readonly number[]): Matrix {
  const count = countOf(shape)!;
  const [rows] = shape;
  if (shape.length < 2 || rows > MAX_ROWS_KEPT) {
    return { rows: 1, width: count, compares: { rows: false, columns: false } };
  }
  const width = count / rows;
  return { rows, width, compares: { rows: true, columns: width <= MAX_WIDTH } };
}

/** Piece of a tensor. */
export interface Piece {
  rows: number;
  width: number;
  /** Index of its first entry in the tensor. */
  entry: number;
  /** Its first row, and its place in a row that has several pieces. */
  row: number;
  place: number;
}

/** Returns a piece by its number. */
export function pieceAt(pieces: Pieces, index: number): Piece {
  const { matrix, rows, width } = pieces;
  if (width === matrix.width) {
    const row = index * rows;
    const count = Math.min(rows, matrix.rows - row);
    return { rows: count, width, entry: row * width, row, place: 0 };
  }
  const inRow = Math.ceil(matrix.width / width);
  const row = Math.floor(index / inRow);
  const place = index % inRow;
  const entry = row * matrix.width + place * width;
  return { rows: 1, width: Math.min(width, matrix.width - place * width), entry, row, place };
}

/** Returns the bytes of a part in its file, where its tensor begins at an offset. */
export function spanOf(
  { from, to }: Pick<Part, "from" | "to">,
  pieces: Pieces,
  offset: number,
): { from: number; to: number } {
  const first = pieceAt(pieces, from), last = pieceAt(pieces, to - 1);
  const end = last.entry + last.rows * last.width;
  return {
    from: offset + first.entry * BYTES[pieces.type],
    to: offset + end * BYTES[pieces.type],
  };
}

/** Divides tensors into parts of about the same size. */
export function divideParts(tensors: readonly Pieces[], partBytes: number = PART_BYTES): Part[] {
  return tensors.flatMap(({ type, rows, width, count }, tensor) => {
    const step = Math.max(1, Math.floor(partBytes / (rows * width * BYTES[type])));
    return Array.from({ length: Math.ceil(count / step) }, (_, i) => ({
      tensor,
      from: i * step,
      to: Math.min(count, (i + 1) * step),
    }));
  });
}

/** Size that a part counts at least: the figures of a small one may take as much memory. */
const MIN_SIZE = 2 ** 20;

/** Groups consecutive parts so that each group is about as large as a part of a large tensor. */
export function groupParts(
  parts: readonly Part[],
  tensors: readonly Pieces[],
  partBytes: number,
): Part[][] {
  const sizeOf = (part: Part) => Math.max(MIN_SIZE, bytesOf(part, tensors[part.tensor]));
  return groupBySize(parts, sizeOf, partBytes);
}

/** Groups consecutive parts up to a size; a larger one is a group of its own. */
export function groupBySize<T>(
  parts: readonly T[],
  sizeOf: (part: T) => number,
  most: number,
): T[][] {
  const groups: T[][] = [];
  let room = -Infinity;
  for (const part of parts) {
    const size = sizeOf(part);
    if (size > room) {
      groups.push([]);
      room = most;
    }
    groups.at(-1)!.push(part);
    room -= size;
  }
  return groups;
}

/** Returns the number of bytes of a part, as a whole number of pieces. */
export function bytesOf(
  { from, to }: Pick<Part, "from" | "to">,
  { rows, width, type }: Pieces,
): number {
  return (to - from) * rows * width * BYTES[type];
}
