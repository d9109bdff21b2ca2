// Made by tools/build_native.ts: deno task build:native

import { finish } from "./flags";
import { madd } from "./lanes";

/** Rows of a high tile and of a low one, and the columns of both. */
export const HIGH_ROWS: i32 = 5, LOW_ROWS: i32 = 4, TILE_COLUMNS: i32 = 8;
/** Steps whose entries of A lie together: see `packRows`. */
export const TILE_STEPS: i32 = 8;

/**
 * A tile of 5 x 8 entries of C; each entry is summed over k in order.
 *
 * @param a Address of a panel of A, as `packRows` leaves it.
 * @param b Address of 8 entries of B; those of the next step lie `bStep` bytes on.
 */
function highTile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
  let x0 = f32x4.splat(0), y0 = x0;
  let x1 = f32x4.splat(0), y1 = x1;
  let x2 = f32x4.splat(0), y2 = x2;
  let x3 = f32x4.splat(0), y3 = x3;
  let x4 = f32x4.splat(0), y4 = x4;
  let p: v128, q: v128, s: v128, t: v128;
  const end = a + <usize> depth * 20;
  const whole = a + <usize> (depth - depth % 8) * 20;
  while (a < whole) {
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 0);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 4);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 64);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 16);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 20);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 68);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 32);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 36);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 72);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 48);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 52);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 76);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 80);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 84);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 144);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 96);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 100);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 148);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 112);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 116);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 152);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 128);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 132);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 156);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    a += 160;
  }
  while (a < end) {
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 0);
    t = v128.shuffle<f32>(s, s, 0, 0, 0, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.load32_splat(a, 4);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.shuffle<f32>(s, s, 3, 3, 3, 3);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    t = v128.load32_splat(a, 16);
    x4 = madd(t, p, x4);
    y4 = madd(t, q, y4);
    b += bStep;
    a += 20;
  }
  finish(c + 0 * cRow, x0, y0, bias, flags);
  finish(c + 1 * cRow, x1, y1, bias, flags);
  finish(c + 2 * cRow, x2, y2, bias, flags);
  finish(c + 3 * cRow, x3, y3, bias, flags);
  finish(c + 4 * cRow, x4, y4, bias, flags);
}

/**
 * A tile of 4 x 8 entries of C; each entry is summed over k in order.
 *
 * @param a Address of a panel of A, as `packRows` leaves it.
 * @param b Address of 8 entries of B; those of the next step lie `bStep` bytes on.
 */
function lowTile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
  let x0 = f32x4.splat(0), y0 = x0;
  let x1 = f32x4.splat(0), y1 = x1;
  let x2 = f32x4.splat(0), y2 = x2;
  let x3 = f32x4.splat(0), y3 = x3;
  let p: v128, q: v128, s: v128, t: v128;
  const end = a + <usize> depth * 16;
  const whole = a + <usize> (depth - depth % 8) * 16;
  while (a < whole) {
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 0);
    t = v128.load32_splat(a, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 12);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 16);
    t = v128.load32_splat(a, 16);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 28);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 32);
    t = v128.load32_splat(a, 32);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 44);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 48);
    t = v128.load32_splat(a, 48);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 60);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 64);
    t = v128.load32_splat(a, 64);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 76);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 80);
    t = v128.load32_splat(a, 80);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 92);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 96);
    t = v128.load32_splat(a, 96);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 108);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 112);
    t = v128.load32_splat(a, 112);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 124);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    a += 128;
  }
  while (a < end) {
    p = v128.load(b);
    q = v128.load(b, 16);
    s = v128.load(a, 0);
    t = v128.load32_splat(a, 0);
    x0 = madd(t, p, x0);
    y0 = madd(t, q, y0);
    t = v128.shuffle<f32>(s, s, 1, 1, 1, 1);
    x1 = madd(t, p, x1);
    y1 = madd(t, q, y1);
    t = v128.shuffle<f32>(s, s, 2, 2, 2, 2);
    x2 = madd(t, p, x2);
    y2 = madd(t, q, y2);
    t = v128.load32_splat(a, 12);
    x3 = madd(t, p, x3);
    y3 = madd(t, q, y3);
    b += bStep;
    a += 16;
  }
  finish(c + 0 * cRow, x0, y0, bias, flags);
  finish(c + 1 * cRow, x1, y1, bias, flags);
  finish(c + 2 * cRow, x2, y2, bias, flags);
  finish(c + 3 * cRow, x3, y3, bias, flags);
}

/** Computes a tile of `height` rows, which is HIGH_ROWS or LOW_ROWS. */
// @ts-ignore: decorator
@inline
export function tile(
  height: i32,
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
): void {
  if (height == HIGH_ROWS) highTile(a, b, bStep, depth, c, cRow, bias, flags);
  else lowTile(a, b, bStep, depth, c, cRow, bias, flags);
}
