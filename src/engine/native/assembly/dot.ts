import { ADD, flagsOfBlock, RELU } from "./flags";
import { madd } from "./lanes";

/** Longest run of the shared dimension that is summed before C is written. */
const DEPTH: i32 = 1024;

/** Returns the sums over the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3));
}

// @ts-ignore: decorator
@inline
function clip(x: v128, flags: i32): v128 {
  return flags & RELU ? f32x4.pmax(x, f32x4.splat(0)) : x;
}

/**
 * Writes six entries of a row of C from their sums: x has four, the first two lanes of y have the
 * others.
 */
function finish(
  c: usize,
  x: v128,
  y: v128,
  columns: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  if (columns == 6) {
    if (flags & ADD) {
      x = f32x4.add(v128.load(c), x);
      y = f32x4.add(v128.load64_zero(c, 16), y);
    }
    if (bias) {
      x = f32x4.add(x, v128.load(bias));
      y = f32x4.add(y, v128.load64_zero(bias, 16));
    }
    v128.store(c, clip(x, flags));
    v128.store64_lane(c, clip(y, flags), 0, 16);
    return;
  }
  v128.store(scratch, x);
  v128.store(scratch, y, 16);
  for (let j = 0; j < columns; j++) {
    const column = <usize> j << 2;
    let sum = v128.load32_zero(scratch + column);
    if (flags & ADD) sum = f32x4.add(v128.load32_zero(c + column), sum);
    if (bias) sum = f32x4.add(sum, v128.load32_zero(bias + column));
    v128.store32_lane(c + column, clip(sum, flags), 0);
  }
}

/**
 * Computes C = A B^T (+ bias, relu) if the rows of A and of B both run along the shared dimension:
 * each entry is the product of two rows. Nothing is packed; 2 x 6 entries are summed at a time,
 * each in four lanes.
 *
 * @param scratch Address of 32 bytes.
 */
export function dot(
  a: usize,
  aRow: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  const blocks = max((k + DEPTH - 1) / DEPTH, 1);
  const blockDepth = ((k + blocks - 1) / blocks + 3) & ~3;
  for (let block = 0; block < blocks; block++) {
    const from = <usize> (block * blockDepth) << 2;
    const depth = max(min(blockDepth, k - block * blockDepth), 0);
    const last = block == blocks - 1;
    const blockFlags = flagsOfBlock(flags, block == 0, last);
    for (let j = 0; j < n; j += 6) {
      const columns = min(6, n - j);
      const column = <usize> j << 2;
      // Missing rows repeat the last one: their products are dropped.
      const most = <usize> (columns - 1);
      const b0 = b + <usize> j * bRow + from;
      const b1 = b0 + min<usize>(1, most) * bRow;
      const b2 = b0 + min<usize>(2, most) * bRow;
      const b3 = b0 + min<usize>(3, most) * bRow;
      const b4 = b0 + min<usize>(4, most) * bRow;
      const b5 = b0 + min<usize>(5, most) * bRow;
      const columnBias = bias && last ? bias + column : 0;
      for (let i = 0; i < m; i += 2) {
        const p = a + <usize> i * aRow + from;
        const q = i + 1 < m ? p + aRow : p;
        let x0 = f32x4.splat(0), x1 = f32x4.splat(0), x2 = f32x4.splat(0);
        let x3 = f32x4.splat(0), x4 = f32x4.splat(0), x5 = f32x4.splat(0);
        let y0 = f32x4.splat(0), y1 = f32x4.splat(0), y2 = f32x4.splat(0);
        let y3 = f32x4.splat(0), y4 = f32x4.splat(0), y5 = f32x4.splat(0);
        let at: usize = 0;
        const whole = <usize> (depth & ~3) << 2;
        for (; at < whole; at += 16) {
          const s = v128.load(p + at);
          const t = v128.load(q + at);
          let v = v128.load(b0 + at);
          x0 = madd(s, v, x0);
          y0 = madd(t, v, y0);
          v = v128.load(b1 + at);
          x1 = madd(s, v, x1);
          y1 = madd(t, v, y1);
          v = v128.load(b2 + at);
          x2 = madd(s, v, x2);
          y2 = madd(t, v, y2);
          v = v128.load(b3 + at);
          x3 = madd(s, v, x3);
          y3 = madd(t, v, y3);
          v = v128.load(b4 + at);
          x4 = madd(s, v, x4);
          y4 = madd(t, v, y4);
          v = v128.load(b5 + at);
          x5 = madd(s, v, x5);
          y5 = madd(t, v, y5);
        }
        for (const end = <usize> depth << 2; at < end; at += 4) {
          const s = v128.load32_zero(p + at);
          const t = v128.load32_zero(q + at);
          let v = v128.load32_zero(b0 + at);
          x0 = madd(s, v, x0);
          y0 = madd(t, v, y0);
          v = v128.load32_zero(b1 + at);
          x1 = madd(s, v, x1);
          y1 = madd(t, v, y1);
          v = v128.load32_zero(b2 + at);
          x2 = madd(s, v, x2);
          y2 = madd(t, v, y2);
          v = v128.load32_zero(b3 + at);
          x3 = madd(s, v, x3);
          y3 = madd(t, v, y3);
          v = v128.load32_zero(b4 + at);
          x4 = madd(s, v, x4);
          y4 = madd(t, v, y4);
          v = v128.load32_zero(b5 + at);
          x5 = madd(s, v, x5);
          y5 = madd(t, v, y5);
        }
        const target = c + <usize> i * cRow + column;
        finish(
          target, laneSums(x0, x1, x2, x3), laneSums(x4, x5, x4, x5),
          columns, columnBias, blockFlags, scratch,
        );
        if (i + 1 < m) {
          finish(
            target + cRow, laneSums(y0, y1, y2, y3), laneSums(y4, y5, y4, y5),
            columns, columnBias, blockFlags, scratch,
          );
        }
      }
    }
  }
}
