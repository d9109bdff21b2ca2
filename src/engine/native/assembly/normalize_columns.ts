import { blocksOf, originOf, rowsOfBlock, sumBlocks, UNIT } from "./column_sums";
import { madd } from "./lanes";
import { Normalize } from "./records";

/**
 * Computes (x - mean) / sqrt(variance + epsilon) * scale + offset of the rows `start` .. `stop`, by
 * column. If there are sums of blocks, they give mean and variance.
 *
 * @param isFirst True to write mean and variance.
 * @param scratch Address of 12 bytes per column.
 */
export function normalizeColumns(
  n: Normalize,
  start: i32,
  stop: i32,
  isFirst: bool,
  scratch: usize,
): void {
  const width = n.width;
  const blocks = blocksOf(n.rows, width);
  const bytes = <usize> width << 2;
  const means = scratch, factors = means + bytes, offsets = factors + bytes;
  for (let column = 0; column < width; column++) {
    const at = <usize> column << 2;
    let mean: f32, variance: f32, lack: f64 = 0;
    if (n.partials) {
      const sums = n.partials + (<usize> column << 3);
      const shift = sumBlocks(sums, blocks, width) / <f64> n.rows;
      const square = sumBlocks(sums + (<usize> width << 3), blocks, width) / <f64> n.rows;
      const exact = <f64> originOf(load<f32>(n.x + at)) + shift;
      mean = <f32> exact;
      // Far from 0, float32 cannot hold all digits of the mean: the rest goes into the offset.
      lack = <f64> mean - exact;
      // Rounding may give a negative number; `max` of a NaN is NaN.
      variance = <f32> max<f64>(0, square - shift * shift);
      if (isFirst) {
        store<f32>(n.mean + at, mean);
        store<f32>(n.variance + at, variance);
        store<f32>(n.lack + at, <f32> lack);
      }
    } else {
      mean = load<f32>(n.mean + at);
      variance = load<f32>(n.variance + at);
    }
    store<f32>(means + at, mean);
    const factor = <f64> load<f32>(n.scale + at) * slope(variance, n.epsilon);
    store<f32>(factors + at, <f32> factor);
    store<f32>(offsets + at, <f32> (<f64> load<f32>(n.offset + at) + factor * lack));
  }
  sweep(n.x, n.to, start, stop, width, 0, means, factors, 0, offsets);
}

/** Returns 1 / sqrt(variance + epsilon). */
// @ts-ignore: decorator
@inline
export function slope(variance: f32, epsilon: f32): f64 {
  return 1 / sqrt<f64>(<f64> variance + <f64> epsilon);
}

/**
 * Computes the gradient of `normalizeColumns` from the block sums of `columnSums`: with the
 * statistics of the batch, scale r (dy - mean dy - (x - mean) r^2 mean(dy (x - mean))), with r = 1
 * / sqrt(variance + epsilon), else scale r dy.
 *
 * @param isFirst True to write the gradients of scale and offset.
 * @param scratch Address of 16 bytes per column.
 */
export function normalizeColumnsGradient(
  n: Normalize,
  start: i32,
  stop: i32,
  isFirst: bool,
  scratch: usize,
): void {
  const width = n.width;
  const blocks = blocksOf(n.rows, width);
  const bytes = <usize> width << 2;
  const factors = scratch, bends = factors + bytes, shifts = bends + bytes;
  for (let column = 0; column < width; column++) {
    const at = <usize> column << 2;
    const sums = n.partials + (<usize> column << 3);
    const sum = sumBlocks(sums, blocks, width);
    const lack: f64 = n.lack ? load<f32>(n.lack + at) : 0;
    // Sum of dy (x - mean), whose mean was rounded.
    const product = sumBlocks(sums + (<usize> width << 3), blocks, width) + lack * sum;
    const r = slope(load<f32>(n.variance + at), n.epsilon);
    const factor = <f64> load<f32>(n.scale + at) * r;
    if (isFirst) {
      store<f32>(n.dScale + at, <f32> (product * r));
      store<f32>(n.dOffset + at, <f32> sum);
    }
    const bend = -factor * r * r * product / <f64> n.rows;
    store<f32>(factors + at, <f32> factor);
    store<f32>(bends + at, <f32> bend);
    store<f32>(shifts + at, <f32> (-factor * sum / <f64> n.rows + bend * lack));
  }
  if (n.isBatch) sweep(n.x, n.to, start, stop, width, n.dy, n.mean, bends, factors, shifts);
  else sweep(n.dy, n.to, start, stop, width, 0, 0, factors, 0, 0);
}

/**
 * Computes (x - mean) factor + dy dyFactor + offset of the rows `start` .. `stop`; `mean` and
 * `offset`, or `dy` and `dyFactor`, may be 0. It works on blocks of rows that fit the cache, a few
 * columns at a time.
 */
function sweep(
  x: usize,
  to: usize,
  start: i32,
  stop: i32,
  width: i32,
  dy: usize,
  mean: usize,
  factor: usize,
  dyFactor: usize,
  offset: usize,
): void {
  const row = <usize> width << 2;
  const block = rowsOfBlock(width);
  const zero = f32x4.splat(0);
  for (let first = start; first < stop; first += block) {
    const count = min(block, stop - first);
    let column = 0;
    for (; column + UNIT <= width; column += UNIT) {
      const at = <usize> column << 2;
      const f = v128.load(factor + at), g = v128.load(factor + at, 16);
      const m = mean ? v128.load(mean + at) : zero, o = mean ? v128.load(mean + at, 16) : zero;
      const p = offset ? v128.load(offset + at) : zero, q = offset ? v128.load(offset + at, 16) : zero;
      let from = x + <usize> first * row + at, target = to + <usize> first * row + at;
      if (!dy) {
        for (let i = 0; i < count; i++, from += row, target += row) {
          v128.store(target, madd(f32x4.sub(v128.load(from), m), f, p));
          v128.store(target, madd(f32x4.sub(v128.load(from, 16), o), g, q), 16);
        }
        continue;
      }
      const d = v128.load(dyFactor + at), e = v128.load(dyFactor + at, 16);
      let gradient = dy + <usize> first * row + at;
      for (let i = 0; i < count; i++, from += row, target += row, gradient += row) {
        const a = madd(f32x4.sub(v128.load(from), m), f, p);
        const b = madd(f32x4.sub(v128.load(from, 16), o), g, q);
        v128.store(target, madd(v128.load(gradient), d, a));
        v128.store(target, madd(v128.load(gradient, 16), e, b), 16);
      }
    }
    for (; column < width; column++) {
      const at = <usize> column << 2;
      const m: f32 = mean ? load<f32>(mean + at) : 0, p: f32 = offset ? load<f32>(offset + at) : 0;
      const f = load<f32>(factor + at);
      let entry = <usize> first * row + at;
      for (let i = 0; i < count; i++, entry += row) {
        let value = (load<f32>(x + entry) - m) * f + p;
        if (dy) value += load<f32>(dy + entry) * load<f32>(dyFactor + at);
        store<f32>(to + entry, value);
      }
    }
  }
}
