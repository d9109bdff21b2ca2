import { ADD, flagsOfBlock, RELU } from "./flags";
import { madd } from "./lanes";
import { clearRun } from "./runs";

/** Rows of B read side by side. */
const ABREAST: i32 = 8;
/** Columns of B read before the next rows: with `ABREAST` rows, as many as the L1 cache holds. */
const COLUMNS: i32 = 512;
/** Bytes of scratch that `fewRows` needs for each row of C. */
export const FEW_ROWS_SCRATCH: i32 = COLUMNS * 4;

/**
 * Adds the entries of A times `ABREAST` rows of B to the sums, over `columns`, one row after the
 * other.
 */
// @ts-ignore: decorator
@inline
function addAbreast(a: usize, aColumn: usize, b: usize, bRow: usize, sums: usize, columns: i32): void {
  const s0 = v128.load32_splat(a);
  const s1 = v128.load32_splat(a + aColumn);
  const s2 = v128.load32_splat(a + 2 * aColumn);
  const s3 = v128.load32_splat(a + 3 * aColumn);
  const s4 = v128.load32_splat(a + 4 * aColumn);
  const s5 = v128.load32_splat(a + 5 * aColumn);
  const s6 = v128.load32_splat(a + 6 * aColumn);
  const s7 = v128.load32_splat(a + 7 * aColumn);
  const end = sums + (<usize> columns << 2);
  for (const whole = sums + (<usize> (columns & ~3) << 2); sums < whole; sums += 16, b += 16) {
    let x = madd(s0, v128.load(b), v128.load(sums));
    x = madd(s1, v128.load(b + bRow), x);
    x = madd(s2, v128.load(b + 2 * bRow), x);
    x = madd(s3, v128.load(b + 3 * bRow), x);
    x = madd(s4, v128.load(b + 4 * bRow), x);
    x = madd(s5, v128.load(b + 5 * bRow), x);
    x = madd(s6, v128.load(b + 6 * bRow), x);
    v128.store(sums, madd(s7, v128.load(b + 7 * bRow), x));
  }
  for (; sums < end; sums += 4, b += 4) {
    let x = madd(s0, v128.load32_zero(b), v128.load32_zero(sums));
    x = madd(s1, v128.load32_zero(b + bRow), x);
    x = madd(s2, v128.load32_zero(b + 2 * bRow), x);
    x = madd(s3, v128.load32_zero(b + 3 * bRow), x);
    x = madd(s4, v128.load32_zero(b + 4 * bRow), x);
    x = madd(s5, v128.load32_zero(b + 5 * bRow), x);
    x = madd(s6, v128.load32_zero(b + 6 * bRow), x);
    v128.store32_lane(sums, madd(s7, v128.load32_zero(b + 7 * bRow), x), 0);
  }
}

/** Adds the same for one row of B. */
function addOne(a: usize, b: usize, sums: usize, columns: i32): void {
  const s = v128.load32_splat(a);
  const end = sums + (<usize> columns << 2);
  for (const whole = sums + (<usize> (columns & ~3) << 2); sums < whole; sums += 16, b += 16) {
    v128.store(sums, madd(s, v128.load(b), v128.load(sums)));
  }
  for (; sums < end; sums += 4, b += 4) {
    v128.store32_lane(sums, madd(s, v128.load32_zero(b), v128.load32_zero(sums)), 0);
  }
}

/** Writes the sums of a row to C, with bias and flags applied. */
function finish(c: usize, sums: usize, columns: i32, bias: usize, flags: i32): void {
  for (let at: usize = 0, end = <usize> columns << 2; at < end; at += 4) {
    let x = v128.load32_zero(sums + at);
    if (flags & ADD) x = f32x4.add(v128.load32_zero(c + at), x);
    if (bias) x = f32x4.add(x, v128.load32_zero(bias + at));
    if (flags & RELU) x = f32x4.pmax(x, f32x4.splat(0));
    v128.store32_lane(c + at, x, 0);
  }
}

/**
 * Computes C = A B (+ bias, relu) for a few rows of A, if the rows of B are contiguous: B is read
 * once, row by row, at the speed of memory. Each entry is summed as a tile of `gemm` would, to the
 * same bits.
 *
 * @param depth Longest run of k that is summed before C is written.
 * @param scratch Address of `FEW_ROWS_SCRATCH` bytes for each row.
 */
export function fewRows(
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  depth: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  let from = 0;
  do {
    const end = min(from + depth, k);
    const isLast = end == k;
    const blockFlags = flagsOfBlock(flags, from == 0, isLast);
    for (let column = 0; column < n; column += COLUMNS) {
      const columns = min(COLUMNS, n - column);
      const offset = <usize> column << 2;
      clearRun(scratch, m * COLUMNS);
      let at = from;
      for (; at < end; at += at + ABREAST <= end ? ABREAST : 1) {
        const rows = b + <usize> at * bRow + offset;
        for (let i = 0; i < m; i++) {
          const entry = a + <usize> i * aRow + <usize> at * aColumn;
          const sums = scratch + <usize> (i * FEW_ROWS_SCRATCH);
          if (at + ABREAST <= end) addAbreast(entry, aColumn, rows, bRow, sums, columns);
          else addOne(entry, rows, sums, columns);
        }
      }
      for (let i = 0; i < m; i++) {
        finish(
          c + <usize> i * cRow + offset, scratch + <usize> (i * FEW_ROWS_SCRATCH), columns,
          bias && isLast ? bias + offset : 0, blockFlags,
        );
      }
    }
    from = end;
  } while (from < k);
}
