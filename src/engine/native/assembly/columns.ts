import { madd64, total, wide } from "./lanes";

/** Columns summed at a time: one cache line. */
const UNIT: i32 = 16;

/** Adds up the squared sums of `width` columns of float32, with `row` bytes between rows. */
export function columnSquares(x: usize, row: usize, rows: i32, width: i32, result: usize): void {
  let squares = f64x2.splat(0);
  let column = 0;
  for (; column + UNIT <= width; column += UNIT) {
    let at = x + (<usize> column << 2);
    let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    for (let i = 0; i < rows; i++, at += row) {
      a = f64x2.add(a, wide(at));
      b = f64x2.add(b, wide(at + 8));
      c = f64x2.add(c, wide(at + 16));
      d = f64x2.add(d, wide(at + 24));
      e = f64x2.add(e, wide(at + 32));
      f = f64x2.add(f, wide(at + 40));
      g = f64x2.add(g, wide(at + 48));
      h = f64x2.add(h, wide(at + 56));
    }
    squares = madd64(a, a, madd64(b, b, madd64(c, c, madd64(d, d, squares))));
    squares = madd64(e, e, madd64(f, f, madd64(g, g, madd64(h, h, squares))));
  }
  for (; column + 2 <= width; column += 2) {
    let at = x + (<usize> column << 2);
    let sums = f64x2.splat(0);
    for (let i = 0; i < rows; i++, at += row) sums = f64x2.add(sums, wide(at));
    squares = madd64(sums, sums, squares);
  }
  let last: f64 = 0;
  if (column < width) {
    let at = x + (<usize> column << 2);
    for (let i = 0; i < rows; i++, at += row) last += <f64> load<f32>(at);
  }
  store<f64>(result, total(squares) + last * last);
}

/**
 * Computes the means of `width` columns of float32, with `row` bytes between rows, followed by
 * their squared deviations, all as float64. Deviations are taken from the first row: its squared
 * distance from a mean is at most `rows` times the variance of the column.
 */
export function columns(x: usize, row: usize, rows: i32, width: i32, means: usize): void {
  const n = <f64> rows;
  const deviations = <usize> width << 3;
  let column = 0;
  for (; column + 4 <= width; column += 4, x += 16, means += 32) {
    const originA = wide(x), originB = wide(x + 8);
    let a = f64x2.splat(0), b = a, squaresA = a, squaresB = a;
    let at = x;
    for (let i = 0; i < rows; i++, at += row) {
      const p = f64x2.sub(wide(at), originA);
      const q = f64x2.sub(wide(at + 8), originB);
      a = f64x2.add(a, p);
      b = f64x2.add(b, q);
      squaresA = madd64(p, p, squaresA);
      squaresB = madd64(q, q, squaresB);
    }
    putPair(originA, a, squaresA, n, means, deviations);
    putPair(originB, b, squaresB, n, means + 16, deviations);
  }
  for (; column < width; column++, x += 4, means += 8) {
    const origin = <f64> load<f32>(x);
    let sum: f64 = 0, squares: f64 = 0;
    let at = x;
    for (let i = 0; i < rows; i++, at += row) {
      const deviation = <f64> load<f32>(at) - origin;
      sum += deviation;
      squares += deviation * deviation;
    }
    store<f64>(means, origin + sum / n);
    store<f64>(means + deviations, max<f64>(0, squares - sum * (sum / n)));
  }
}

/**
 * Stores the results of two columns, from the sums and the squares of their deviations from
 * `origin`.
 */
// @ts-ignore: decorator
@inline
function putPair(
  origin: v128,
  sums: v128,
  squares: v128,
  n: f64,
  means: usize,
  deviations: usize,
): void {
  const shift = f64x2.div(sums, f64x2.splat(n));
  v128.store(means, f64x2.add(origin, shift));
  // Rounding may give a negative number; `max` of a NaN is NaN.
  const squared = f64x2.sub(squares, f64x2.mul(sums, shift));
  v128.store(means + deviations, f64x2.max(f64x2.splat(0), squared));
}
