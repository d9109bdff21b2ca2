/**
 * The sums over the rows of `rows` x `width` float32, accumulated in float64. Computes the columns
 * `start` .. `stop`.
 */
export function columnSums(
  x: usize,
  rows: i32,
  width: i32,
  result: usize,
  start: i32,
  stop: i32,
): void {
  const row = <usize> width << 2;
  let column = start;
  // Sixteen columns are a cache line.
  for (; column + 16 <= stop; column += 16) {
    let from = x + (<usize> column << 2);
    let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    for (let i = 0; i < rows; i++) {
      a = f64x2.add(a, f64x2.promote_low_f32x4(v128.load64_zero(from)));
      b = f64x2.add(b, f64x2.promote_low_f32x4(v128.load64_zero(from, 8)));
      c = f64x2.add(c, f64x2.promote_low_f32x4(v128.load64_zero(from, 16)));
      d = f64x2.add(d, f64x2.promote_low_f32x4(v128.load64_zero(from, 24)));
      e = f64x2.add(e, f64x2.promote_low_f32x4(v128.load64_zero(from, 32)));
      f = f64x2.add(f, f64x2.promote_low_f32x4(v128.load64_zero(from, 40)));
      g = f64x2.add(g, f64x2.promote_low_f32x4(v128.load64_zero(from, 48)));
      h = f64x2.add(h, f64x2.promote_low_f32x4(v128.load64_zero(from, 56)));
      from += row;
    }
    const to = result + (<usize> column << 2);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(a), 0);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(b), 0, 8);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(c), 0, 16);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(d), 0, 24);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(e), 0, 32);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(f), 0, 40);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(g), 0, 48);
    v128.store64_lane(to, f32x4.demote_f64x2_zero(h), 0, 56);
  }
  for (; column < stop; column++) {
    let from = x + (<usize> column << 2);
    let sum: f64 = 0;
    for (let i = 0; i < rows; i++) {
      sum += <f64> load<f32>(from);
      from += row;
    }
    store<f32>(result + (<usize> column << 2), <f32> sum);
  }
}
