import { dot } from "./dot";
import { fewRows } from "./few_rows";
import { ADD, PACK, RELU, flagsOfBlock } from "./flags";
import { addToSums, writeSums } from "./long_sums";
import { packRows, packVectors } from "./pack";
import { BORDER_SCRATCH, WHOLE_ROWS, multiplyRows, rowsOfHighTiles } from "./row_tiles";
import { HIGH_ROWS, TILE_COLUMNS } from "./tile";

/** Maximum number of rows that are unrolled, or summed in float64, at a time. */
export const ROWS: i32 = 520;
/**
 * Maximum number of rows of A that stay packed for all blocks of columns; with more, each block
 * packs its own.
 */
const KEPT: i32 = 1040;
/**
 * Rows of A packed at a time, just before they are multiplied: 40 KB, in the caches next to the
 * core.
 */
const AT_ONCE: i32 = 8 * HIGH_ROWS;
/** Longest run of the shared dimension that one tile sums before it writes C. */
export const DEPTH: i32 = 256;
/** Columns of B packed at a time: whole cache lines are read, and C is written along its rows. */
const COLUMNS: i32 = 512;
/** Number of rows up to which a tile would compute rows that do not exist, and jump about in B. */
const FEW: i32 = 8;
/**
 * Number of rows up to which B is read without packing, which would take longer than it saves. A
 * larger B comes from beyond the L2 cache, which reads line after line much faster: 32 x 512 x 512
 * gains 18 % by packing if B is new, and loses 7 if not (2-core Xeon, Deno 2.9.6).
 */
const DIRECT: i32 = 16, DIRECT_SMALL: i32 = 48;
/** Entries of a B that is assumed to stay in the L2 cache. */
const SMALL: i32 = 1 << 16;
/**
 * Bytes between the panels of B: at a distance of a power of 2 all would share one set of the
 * cache.
 */
export const GAP: i32 = 64;
/** Longest run of the shared dimension that is summed entirely in float32. */
export const LONG: i32 = 8192;
/** Bytes of packed rows, and of packed columns. */
export const PACKED_ROWS: i32 = KEPT * DEPTH * 4;
const PANELS: i32 = COLUMNS * DEPTH * 4 + COLUMNS / TILE_COLUMNS * GAP;
/** Bytes of scratch that `product` needs: packed rows, packed columns, and a border tile. */
const PRODUCT_SCRATCH: i32 = PACKED_ROWS + PANELS + BORDER_SCRATCH;
/** Entries of C summed in float64 at a time, if the shared dimension is long. */
export const LONG_SUMS: i32 = ROWS * COLUMNS;
/** Bytes of scratch that `gemm` needs: the sums come last. */
export const GEMM_SCRATCH: i32 = PRODUCT_SCRATCH + LONG_SUMS * 8;

/** Rows from which on A B^T is packed: without fused multiply-add a tile gains less over `dot`. */
const PACKED: i32 = ASC_FEATURE_RELAXED_SIMD ? 32 : 128;
/** The same for a short shared dimension, `SHORT` at most: `dot` adds up lanes for every entry. */
const PACKED_SHORT: i32 = 16, SHORT: i32 = 64;

/**
 * Returns `PACK` if a product of A B^T gains by it, else 0; narrow ones would leave columns of
 * tiles empty. Call it for the product as a whole: `dot` sums in another order, and bits must not
 * depend on a thread's share.
 */
export function packFlag(m: i32, n: i32, k: i32): i32 {
  return n >= 2 * TILE_COLUMNS && m >= (k <= SHORT ? PACKED_SHORT : PACKED) ? PACK : 0;
}

/** Returns the bytes from a panel of B to the next. */
// @ts-ignore: decorator
@inline
export function panelBytes(depth: i32): usize {
  return <usize> (depth << 5) + GAP;
}

/** Returns the depth of the equal blocks of a shared dimension of `k`, `DEPTH` at most. */
export function depthOfBlock(k: i32): i32 {
  const blocks = max((k + DEPTH - 1) / DEPTH, 1);
  return (k + blocks - 1) / blocks;
}

/**
 * Computes `gemm` for a shared dimension that float32 can sum. Each tile sums at most `DEPTH` of
 * it, and adds that to C.
 */
function product(
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  bColumn: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  if (aColumn == 4 && bRow == 4 && !(flags & PACK)) {
    dot(a, aRow, b, bColumn, c, cRow, m, n, k, bias, flags, scratch);
    return;
  }
  const blockDepth = depthOfBlock(k);
  if (bColumn == 4 && m <= FEW) {
    fewRows(
      a, aRow, aColumn, b, bRow, c, cRow, m, n, k, blockDepth, bias, flags, scratch,
    );
    return;
  }
  const direct = bColumn == 4 && m <= (<i64> n * k <= SMALL ? DIRECT_SMALL : DIRECT);
  const panels = scratch + <usize> PACKED_ROWS, border = panels + <usize> PANELS;
  const keeps = n > COLUMNS && m <= KEPT;
  let from = 0;
  do {
    const depth = min(blockDepth, k - from);
    const last = from + depth == k;
    const bytes = panelBytes(depth);
    const blockFlags = flagsOfBlock(flags, from == 0, last);
    for (let column = 0; column < n; column += COLUMNS) {
      const columns = min(COLUMNS, n - column);
      const wholeColumns = direct ? columns & ~7 : 0, rest = <usize> wholeColumns << 2;
      const bBlock = b + <usize> from * bRow + <usize> column * bColumn;
      const biasBlock = bias && last ? bias + (<usize> column << 2) : 0;
      if (wholeColumns < columns) {
        packVectors(
          bBlock + <usize> wholeColumns * bColumn, bColumn, bRow, columns - wholeColumns, depth, panels,
          bytes,
        );
      }
      for (let row = 0, rows = 0; row < m; row += rows) {
        // The last rows include those that would be too few for whole tiles.
        rows = m - row < AT_ONCE + WHOLE_ROWS ? m - row : AT_ONCE;
        const high = rowsOfHighTiles(rows);
        const packed = keeps ? scratch + (<usize> (row * depth) << 2) : scratch;
        if (column == 0 || !keeps) {
          packRows(
            a + <usize> row * aRow + <usize> from * aColumn, aRow, aColumn, rows, depth, packed,
          );
        }
        const cBlock = c + <usize> row * cRow + (<usize> column << 2);
        if (wholeColumns) {
          multiplyRows(
            packed, bBlock, 32, bRow, cBlock, cRow, rows, high, wholeColumns, depth, biasBlock,
            blockFlags, border,
          );
        }
        if (wholeColumns == columns) continue;
        multiplyRows(
          packed, panels, bytes, 32, cBlock + rest, cRow, rows, high, columns - wholeColumns, depth,
          biasBlock ? biasBlock + rest : 0, blockFlags, border,
        );
      }
    }
    from += depth;
  } while (from < k);
}

/**
 * Computes C = A B (+ bias, relu), float32. Entry (i, k) of A is `i * aRow + k * aColumn` bytes
 * from `a`, and likewise for B: a transposed operand has its strides swapped. One of an operand's
 * two strides must be 4.
 *
 * Operands are packed into panels first, so either layout costs much the same. If the rows of A and
 * the columns of B both run along k, `dot` needs no packing, which is faster if they are few.
 *
 * If k is long, C holds the sum of one part of it at a time, and the parts are added in float64.
 *
 * The split of the sum over k depends on the shape alone, and each entry is summed separately: rows
 * or columns of C can be computed by different threads, to the same bits.
 *
 * @param bias Address of `n` floats added to each row of C, or 0.
 * @param flags Bits of `flags.ts`.
 * @param scratch Address of `GEMM_SCRATCH` bytes, a multiple of 16.
 */
export function gemm(
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  bColumn: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  // A thread's share may be empty.
  if (m == 0 || n == 0) return;
  if (k <= LONG) {
    product(a, aRow, aColumn, b, bRow, bColumn, c, cRow, m, n, k, bias, flags, scratch);
    return;
  }
  const sums = scratch + <usize> PRODUCT_SCRATCH;
  for (let row = 0; row < m; row += ROWS) {
    const rows = min(ROWS, m - row);
    for (let column = 0; column < n; column += COLUMNS) {
      const columns = min(COLUMNS, n - column);
      const target = c + <usize> row * cRow + (<usize> column << 2);
      memory.fill(sums, 0, <usize> (rows * columns) << 3);
      for (let from = 0; from < k; from += LONG) {
        product(
          a + <usize> row * aRow + <usize> from * aColumn, aRow, aColumn,
          b + <usize> from * bRow + <usize> column * bColumn, bRow, bColumn, target, cRow,
          rows, columns, min(LONG, k - from), 0, (from ? 0 : flags & ADD) | flags & PACK, scratch,
        );
        addToSums(target, cRow, rows, columns, sums);
      }
      const columnBias = bias ? bias + (<usize> column << 2) : 0;
      writeSums(sums, target, cRow, rows, columns, columnBias, (flags & RELU) != 0);
    }
  }
}

/** Returns the number of panels for n columns of B. */
// @ts-ignore: decorator
@inline
export function panelsOf(n: i32): usize {
  return <usize> ((n + TILE_COLUMNS - 1) / TILE_COLUMNS);
}

/** Returns the bytes of a packed B of k x n. */
export function packedBytes(n: i32, k: i32): usize {
  const depth = depthOfBlock(k);
  return panelsOf(n) * ((<usize> k << 5) + <usize> ((k + depth - 1) / depth) * GAP);
}

/** Packs a whole B for many products. Strides are as for `gemm`. */
export function packWhole(b: usize, bRow: usize, bColumn: usize, n: i32, k: i32, to: usize): void {
  const depth = depthOfBlock(k);
  for (let from = 0; from < k; from += depth) {
    const bytes = panelBytes(min(depth, k - from));
    packVectors(b + <usize> from * bRow, bColumn, bRow, n, min(depth, k - from), to, bytes);
    to += panelsOf(n) * bytes;
  }
}

/**
 * Computes C = A B (+ bias, relu) with a B packed by `packWhole`: to the bits of `gemm`, for a
 * shared dimension that float32 can sum, and up to `ROWS` rows. Arguments are those of `gemm`.
 */
export function packedGemm(
  a: usize,
  aRow: usize,
  panels: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  const blockDepth = depthOfBlock(k);
  for (let from = 0; from < k; from += blockDepth) {
    const depth = min(blockDepth, k - from), isLast = from + depth == k;
    packRows(a + (<usize> from << 2), aRow, 4, m, depth, scratch);
    multiplyRows(
      scratch, panels, panelBytes(depth), 32, c, cRow, m, rowsOfHighTiles(m), n, depth,
      isLast ? bias : 0, flagsOfBlock(flags, from == 0, isLast), scratch + <usize> PACKED_ROWS,
    );
    panels += panelsOf(n) * panelBytes(depth);
  }
}
