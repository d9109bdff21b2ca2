import type { CheckpointSweep, NonFinite } from "../engine/native/checkpoint_sweep.ts";
import type { Sums } from "../engine/native/sums.ts";
import { BYTES, type FileType } from "../ground/traits/number_types.ts";
import {
  CODE_FORMATS,
  FIRST_ENTRIES,
  type Part,
  type Piece,
  pieceAt,
  type Pieces,
} from "./plan_sweep.ts";

/** Figures of a part of a tensor; those of all parts add up. Plain data. */
export interface PartFigures {
  /**
   * Codes that occur, each followed by its number of entries; of a type of more than 16 bits, the
   * upper bits of float32.
   */
  codes: Uint32Array;
  /** Sums over the entries of a type of more than 16 bits; those of another follow from its codes. */
  sums: Sums | null;
  /** Smallest and largest whole number of more than 16 bits; `null` for other types. */
  range: [least: bigint, largest: bigint] | null;
  /** Entries that are not finite, with indices in the tensor; `null` if there are none. */
  nonFinite: NonFinite | null;
  /** Hashes and flags of the rows from `first` on, to be added. */
  rows: { first: number; hashes: Int32Array; flags: Uint8Array } | null;
  /** Hashes of all columns, to be added, and the columns with a NaN. */
  columns: { ones: Int32Array; twos: Int32Array; broken: number[] } | null;
  /** Mixed codes of the tensor's first row, two for each column, from the part that has it. */
  starts: Int32Array | null;
}

/** Reads bytes of a tensor, from an offset in it, into memory. */
export type ReadBytes = (offset: number, to: Uint8Array) => void;

/** Tensor as it is swept. */
interface Swept {
  /** Its division. */
  pieces: Pieces;
  /** Reads its bytes. */
  read: ReadBytes;
}

/**
 * Sweeps a part of a tensor, piece by piece: only one piece is in memory.
 *
 * @param sweep The memory to sweep in.
 * @param part The part.
 * @param swept Its tensor.
 */
export function sweepPart(
  sweep: CheckpointSweep,
  part: Part,
  { pieces, read }: Swept,
): PartFigures {
  const { type, matrix } = pieces;
  const format = CODE_FORMATS[type]!;
  sweep.begin({ columns: matrix.compares.columns });
  let nonFinite: NonFinite | null = null;
  const rows = matrix.compares.rows ? new RowFigures(part, pieces) : null;
  for (let index = part.from; index < part.to; index++) {
    const piece = pieceAt(pieces, index);
    const bytes = sweep.chunk.subarray(0, piece.rows * piece.width * BYTES[type]);
    read(piece.entry * BYTES[type], bytes);
    const figures = sweep.add(
      { rows: piece.rows, width: piece.width, first: piece.row, ...hashed(piece, pieces) },
      format,
    );
    nonFinite = addNonFinite(nonFinite, figures.nonFinite ?? loneNaNs(bytes, type), piece.entry);
    const factor = piece.place === 0 ? 1 : sweep.coefficient(piece.place);
    rows?.add(piece.row, figures, factor);
  }
  const { width } = matrix;
  const isFirst = part.from === 0;
  return {
    codes: occurring(sweep.counts(format)),
    sums: sweep.sums,
    range: sweep.range,
    nonFinite,
    rows,
    columns: matrix.compares.columns ? columnsOf(sweep, width) : null,
    starts: matrix.compares.columns && isFirst ? sweep.starts(width).slice() : null,
  };
}

/** Returns the entries with the one code that is a NaN in a format without a negative zero. */
function loneNaNs(bytes: Uint8Array, type: FileType): NonFinite | null {
  const firstNaN = /fnuz$/.test(type) ? bytes.indexOf(LONE_NAN) : -1;
  if (firstNaN === -1) return null;
  let nan = 0;
  for (const code of bytes) if (code === LONE_NAN) nan++;
  return { nan, infinite: 0, firstNaN, firstInfinite: -1 };
}

const LONE_NAN = 0x80;

/** Returns the number of a piece's first columns and rows that are hashed. */
function hashed(
  { rows, width, row, place }: Piece,
  { matrix: { compares }, isWhole }: Pieces,
): { hashedWidth: number; hashedRows: number } {
  const columns = isWhole ? width : Math.min(width, place === 0 ? FIRST_ENTRIES : 0);
  const lines = isWhole ? rows : Math.max(0, Math.min(rows, FIRST_ENTRIES - row));
  return {
    hashedWidth: compares.rows ? columns : 0,
    hashedRows: compares.columns ? lines : 0,
  };
}

/** Hashes and flags of the rows of a part. */
class RowFigures {
  readonly first: number;
  readonly hashes: Int32Array;
  readonly flags: Uint8Array;

  constructor({ from, to }: Part, pieces: Pieces) {
    this.first = pieceAt(pieces, from).row;
    const last = pieceAt(pieces, to - 1);
    const count = last.row + last.rows - this.first;
    this.hashes = new Int32Array(2 * count);
    this.flags = new Uint8Array(count);
  }

  /** Adds those of a piece, times the coefficient for its place in its rows. */
  add(
    row: number,
    { rowHashes, flags }: { rowHashes: Int32Array; flags: Uint8Array },
    factor: number,
  ): void {
    const at = row - this.first;
    for (let i = 0; i < rowHashes.length; i++) {
      this.hashes[2 * at + i] += Math.imul(factor, rowHashes[i]);
    }
    for (let i = 0; i < flags.length; i++) this.flags[at + i] |= flags[i];
  }
}

function columnsOf(sweep: CheckpointSweep, width: number): PartFigures["columns"] {
  const { ones, twos, broken } = sweep.columns(width);
  const columns: number[] = [];
  for (let column = broken.indexOf(1); column !== -1; column = broken.indexOf(1, column + 1)) {
    columns.push(column);
  }
  return { ones: ones.slice(), twos: twos.slice(), broken: columns };
}

/** Room for the largest number of codes and their counts. */
const pairs = new Uint32Array(2 ** 17);

/** Returns the codes that occur, each followed by its count. */
function occurring(counts: Int32Array): Uint32Array {
  // Most codes do not occur: two counts of 0 are one float64 of 0, in half the time.
  const twos = new Float64Array(counts.buffer, counts.byteOffset, counts.length / 2);
  let at = 0;
  for (let two = 0; two < twos.length; two++) {
    if (twos[two] === 0) continue;
    for (let code = 2 * two; code < 2 * two + 2; code++) {
      if (counts[code] === 0) continue;
      pairs[at++] = code;
      pairs[at++] = counts[code];
    }
  }
  return pairs.slice(0, at);
}

/**
 * Adds entries that are not finite.
 *
 * @param known Entries found so far.
 * @param found Later entries, to add.
 * @param offset Number to add to their indices.
 */
export function addNonFinite(
  known: NonFinite | null,
  found: NonFinite | null,
  offset = 0,
): NonFinite | null {
  if (found === null) return known;
  const moved = (index: number) => index < 0 ? -1 : index + offset;
  const { nan, infinite } = found;
  const firstNaN = moved(found.firstNaN), firstInfinite = moved(found.firstInfinite);
  if (known === null) return { nan, infinite, firstNaN, firstInfinite };
  return {
    nan: known.nan + nan,
    infinite: known.infinite + infinite,
    firstNaN: known.firstNaN < 0 ? firstNaN : known.firstNaN,
    firstInfinite: known.firstInfinite < 0 ? firstInfinite : known.firstInfinite,
  };
}
