import { dot } from "./dot";
import { fewRows } from "./few_rows";
import { addToSums, writeSums } from "./long_sums";
import { madd } from "./madd";
import { packScalars, packVectors } from "./pack";

/** Add to what C holds, rather than replace it. */
const ADD: i32 = 1;
/** Clip at 0 from below; NaN stays NaN. */
const RELU: i32 = 2;

/** Rows of A that are packed at a time, a multiple of 6: 0.5 MB of panels, for the L2 cache. */
const ROWS: i32 = 504;
/** Longest run of the shared dimension that one tile sums up before it touches C. */
const DEPTH: i32 = 256;
/** Columns of B that are packed at a time: whole cache lines are read, and C is written along its rows. */
const COLUMNS: i32 = 512;
/** Up to so many rows a tile would compute more rows than there are, and jump about in B. */
const FEW: i32 = 8;
/** Up to so many rows B is read where it stands: packing would take longer than it saves. */
const DIRECT: i32 = 48;
/** Bytes between the panels of B: at a distance of a power of 2 all would share one set of the cache. */
const GAP: i32 = 64;
/** Longest run of the shared dimension that is summed in float32 altogether. */
const LONG: i32 = 8192;
/** Bytes of scratch that `product` needs: packed rows, packed columns, one tile, one bias. */
const PRODUCT_SCRATCH: i32 = (ROWS + COLUMNS) * DEPTH * 4 + (COLUMNS / 8) * GAP + 256;
/** Entries of C that are summed in float64 at a time, where the shared dimension is long. */
export const LONG_SUMS: i32 = ROWS * COLUMNS;
/** Bytes of scratch that `gemm` needs: the sums come last. */
export const GEMM_SCRATCH: i32 = PRODUCT_SCRATCH + LONG_SUMS * 8;

/** Two vectors of a row of C from their sums. */
// @ts-ignore: decorator
@inline
function finish(c: usize, x: v128, y: v128, bias: usize, flags: i32): void {
  if (flags & ADD) {
    x = f32x4.add(v128.load(c), x);
    y = f32x4.add(v128.load(c, 16), y);
  }
  if (bias) {
    x = f32x4.add(x, v128.load(bias));
    y = f32x4.add(y, v128.load(bias, 16));
  }
  if (flags & RELU) {
    const zero = f32x4.splat(0);
    // "pmax" takes the first operand unless it is smaller: NaN compares as not smaller.
    x = f32x4.pmax(x, zero);
    y = f32x4.pmax(y, zero);
  }
  v128.store(c, x);
  v128.store(c, y, 16);
}

/**
 * A tile of 6 x 8 entries of C. Twelve accumulators, two vectors of B and one broadcast entry of A fill
 * the fifteen vector registers that V8 has on x64; each entry is summed over k in order.
 */
function tile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
  let x0 = f32x4.splat(0);
  let y0 = f32x4.splat(0);
  let x1 = f32x4.splat(0);
  let y1 = f32x4.splat(0);
  let x2 = f32x4.splat(0);
  let y2 = f32x4.splat(0);
  let x3 = f32x4.splat(0);
  let y3 = f32x4.splat(0);
  let x4 = f32x4.splat(0);
  let y4 = f32x4.splat(0);
  let x5 = f32x4.splat(0);
  let y5 = f32x4.splat(0);
  const end = a + <usize> depth * 24;
  while (a < end) {
    const p = v128.load(b);
    const q = v128.load(b, 16);
    let s = v128.load32_splat(a);
    x0 = madd(s, p, x0);
    y0 = madd(s, q, y0);
    s = v128.load32_splat(a, 4);
    x1 = madd(s, p, x1);
    y1 = madd(s, q, y1);
    s = v128.load32_splat(a, 8);
    x2 = madd(s, p, x2);
    y2 = madd(s, q, y2);
    s = v128.load32_splat(a, 12);
    x3 = madd(s, p, x3);
    y3 = madd(s, q, y3);
    s = v128.load32_splat(a, 16);
    x4 = madd(s, p, x4);
    y4 = madd(s, q, y4);
    s = v128.load32_splat(a, 20);
    x5 = madd(s, p, x5);
    y5 = madd(s, q, y5);
    a += 24;
    b += bStep;
  }
  finish(c, x0, y0, bias, flags);
  finish(c + cRow, x1, y1, bias, flags);
  finish(c + 2 * cRow, x2, y2, bias, flags);
  finish(c + 3 * cRow, x3, y3, bias, flags);
  finish(c + 4 * cRow, x4, y4, bias, flags);
  finish(c + 5 * cRow, x5, y5, bias, flags);
}

/** A tile at the border of C: computed whole beside it, then only `rows` x `columns` are kept. */
function borderTile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
  rows: i32,
  columns: i32,
  scratch: usize,
): void {
  const biasCopy = scratch + 192;
  for (let j = 0; j < 8; j++) {
    const column = <usize> j << 2;
    store<f32>(biasCopy + column, bias && j < columns ? load<f32>(bias + column) : 0);
    for (let i = 0; i < rows && flags & ADD; i++) {
      const row = <usize> i;
      if (j < columns) store<f32>(scratch + row * 32 + column, load<f32>(c + row * cRow + column));
    }
  }
  tile(a, b, bStep, depth, scratch, 32, bias ? biasCopy : 0, flags);
  for (let i = 0; i < rows; i++) {
    const row = <usize> i;
    for (let j = 0; j < columns; j++) {
      const column = <usize> j << 2;
      store<f32>(c + row * cRow + column, load<f32>(scratch + row * 32 + column));
    }
  }
}

/**
 * `gemm` of a shared dimension that float32 can sum up. Each tile sums up `DEPTH` of it at most, and adds
 * that to C.
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
  if (aColumn == 4 && bRow == 4) {
    dot(a, aRow, b, bColumn, c, cRow, m, n, k, bias, flags, scratch);
    return;
  }
  const blocks = max((k + DEPTH - 1) / DEPTH, 1);
  const blockDepth = (k + blocks - 1) / blocks;
  if (bColumn == 4 && m <= FEW) {
    fewRows(
      a, aRow, aColumn, b, bRow, c, cRow, m, n, k, blockDepth, bias, flags, scratch,
    );
    return;
  }
  const direct = bColumn == 4 && m <= DIRECT;
  const panels = scratch + <usize> (ROWS * DEPTH * 4);
  const border = panels + <usize> (COLUMNS * DEPTH * 4 + (COLUMNS / 8) * GAP);
  for (let block = 0; block < blocks; block++) {
    const from = block * blockDepth;
    const depth = min(blockDepth, k - from);
    const last = block == blocks - 1;
    const panelBytes = <usize> (depth << 5) + GAP;
    const blockFlags = (block ? ADD : flags & ADD) | (last ? flags & RELU : 0);
    for (let row = 0; row < m; row += ROWS) {
      const rows = min(ROWS, m - row);
      packScalars(a + <usize> row * aRow + <usize> from * aColumn, aRow, aColumn, rows, depth, scratch);
      for (let column = 0; column < n; column += COLUMNS) {
        const columns = min(COLUMNS, n - column);
        const bBlock = b + <usize> from * bRow + <usize> column * bColumn;
        const wholeColumns = direct ? columns & ~7 : 0;
        packVectors(
          bBlock + <usize> wholeColumns * bColumn, bColumn, bRow, columns - wholeColumns, depth,
          panels + <usize> (wholeColumns >> 3) * panelBytes,
          panelBytes,
        );
        const columnBias = bias && last ? bias + (<usize> column << 2) : 0;
        let packedRows = scratch;
        for (let i = 0; i < rows; i += 6) {
          const height = min(6, rows - i);
          let target = c + <usize> (row + i) * cRow + (<usize> column << 2);
          for (let j = 0; j < columns; j += 8) {
            const width = min(8, columns - j);
            const isDirect = j < wholeColumns;
            const panel = isDirect ? bBlock + (<usize> j << 2) : panels + <usize> (j >> 3) * panelBytes;
            const bStep: usize = isDirect ? bRow : 32;
            const tileBias = columnBias ? columnBias + (<usize> j << 2) : 0;
            if (height == 6 && width == 8) {
              tile(packedRows, panel, bStep, depth, target, cRow, tileBias, blockFlags);
            } else {
              borderTile(
                packedRows, panel, bStep, depth, target, cRow, tileBias, blockFlags, height, width,
                border,
              );
            }
            target += 32;
          }
          packedRows += <usize> depth * 24;
        }
      }
    }
  }
}

/**
 * C = A B (+ bias, relu), float32. Entry (i, k) of A lies `i * aRow + k * aColumn` bytes from `a`, and so
 * for B: a transposed operand has its strides swapped. One of an operand's two strides must be 4.
 *
 * Operands are packed into panels first, so either way costs much the same. Where the rows of A and the
 * columns of B both run along k, `dot` needs no packing.
 *
 * Where k is long, C holds the sum of one part of it at a time, and the parts are added in float64.
 *
 * How the sum over k is split depends on the shape alone, and each entry is summed by itself: rows or
 * columns of C can be computed apart, by another thread, to the same bits.
 *
 * @param bias Address of `n` floats added to each row of C, or 0.
 * @param flags 1: add to what C holds; 2: relu.
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
          rows, columns, min(LONG, k - from), 0, from ? 0 : flags & ADD, scratch,
        );
        addToSums(target, cRow, rows, columns, sums);
      }
      const columnBias = bias ? bias + (<usize> column << 2) : 0;
      writeSums(sums, target, cRow, rows, columns, columnBias, (flags & RELU) != 0);
    }
  }
}
