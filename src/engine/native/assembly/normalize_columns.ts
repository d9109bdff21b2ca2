import { UNIT, blocksOf, originOf, rowsOfBlock, sumBlocks } from "./columns";
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

/**
 * Largest number of entries that are normalised in float64. A normalisation of two entries gives
 * about -1 and 1 for any input: its gradient is a difference of large numbers, of which float32
 * keeps no digit if the variance is a million times epsilon.
 */
export const FEW: i32 = 16;

/** Returns the mean of `count` float32 with `gap` bytes between them. */
function meanOf(at: usize, gap: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++, at += gap) sum += <f64> load<f32>(at);
  return sum / <f64> count;
}

/** Returns their mean squared deviation from `mean`. */
function varianceOf(at: usize, gap: usize, count: i32, mean: f64): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++, at += gap) {
    const deviation = <f64> load<f32>(at) - mean;
    sum += deviation * deviation;
  }
  return sum / <f64> count;
}

/** Stores the statistics of run `i`. */
function putStatistics(n: Normalize, i: i32, mean: f64, variance: f64): void {
  const at = <usize> i << 2;
  store<f32>(n.mean + at, <f32> mean);
  store<f32>(n.lack + at, <f32> (<f64> <f32> mean - mean));
  store<f32>(n.variance + at, <f32> variance);
}

/** Computes `normalizeColumns` of the columns `start` .. `stop`, of at most `FEW` rows. */
export function normalizeFewRows(n: Normalize, start: i32, stop: i32): void {
  const gap = <usize> n.width << 2;
  const between = n.to - n.x;
  for (let column = start; column < stop; column++) {
    const at = <usize> column << 2;
    let entry = n.x + at;
    const mean = meanOf(entry, gap, n.rows), variance = varianceOf(entry, gap, n.rows, mean);
    putStatistics(n, column, mean, variance);
    const factor = <f64> load<f32>(n.scale + at) / sqrt<f64>(variance + <f64> n.epsilon);
    const offset = <f64> load<f32>(n.offset + at);
    for (let i = 0; i < n.rows; i++, entry += gap) {
      store<f32>(entry + between, <f32> ((<f64> load<f32>(entry) - mean) * factor + offset));
    }
  }
}

/** Computes the gradients of x, scale and offset of `normalizeFewRows`. */
export function normalizeFewRowsGradient(n: Normalize, start: i32, stop: i32): void {
  const gap = <usize> n.width << 2;
  const toSlope = n.dy - n.x, between = n.to - n.x;
  const count = <f64> n.rows;
  for (let column = start; column < stop; column++) {
    const at = <usize> column << 2;
    const first = n.x + at;
    const mean = meanOf(first, gap, n.rows);
    const square = varianceOf(first, gap, n.rows, mean) + <f64> n.epsilon;
    const r = 1 / sqrt<f64>(square);
    let sum: f64 = 0, product: f64 = 0;
    for (let i = 0, entry = first; i < n.rows; i++, entry += gap) {
      const slope = <f64> load<f32>(entry + toSlope);
      sum += slope;
      product += slope * (<f64> load<f32>(entry) - mean);
    }
    store<f32>(n.dScale + at, <f32> (product * r));
    store<f32>(n.dOffset + at, <f32> sum);
    const factor = <f64> load<f32>(n.scale + at) * r;
    const bend = product / (square * count);
    sum /= count;
    for (let i = 0, entry = first; i < n.rows; i++, entry += gap) {
      const slope = <f64> load<f32>(entry + toSlope) - sum;
      store<f32>(
        entry + between,
        <f32> (factor * (slope - (<f64> load<f32>(entry) - mean) * bend)),
      );
    }
  }
}

/** Computes `normalizeRows` of one row of at most `FEW` entries. */
export function normalizeFewEntries(n: Normalize, row: i32): void {
  const bytes = <usize> n.width << 2;
  const from = n.x + <usize> row * bytes, to = n.to + <usize> row * bytes;
  const mean = meanOf(from, 4, n.width), variance = varianceOf(from, 4, n.width, mean);
  putStatistics(n, row, mean, variance);
  const r = 1 / sqrt<f64>(variance + <f64> n.epsilon);
  for (let at: usize = 0; at < bytes; at += 4) {
    const unit = (<f64> load<f32>(from + at) - mean) * r;
    const y = unit * <f64> load<f32>(n.scale + at) + <f64> load<f32>(n.offset + at);
    store<f32>(to + at, <f32> y);
  }
}

/** Computes the gradient of `normalizeFewEntries` for x. */
export function normalizeFewEntriesGradient(n: Normalize, row: i32): void {
  const bytes = <usize> n.width << 2;
  const count = <f64> n.width;
  const start = <usize> row * bytes;
  const x = n.x + start, dy = n.dy + start, to = n.to + start;
  const mean = meanOf(x, 4, n.width);
  const square = varianceOf(x, 4, n.width, mean) + <f64> n.epsilon;
  let sum: f64 = 0, product: f64 = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const g = <f64> load<f32>(dy + at) * <f64> load<f32>(n.scale + at);
    sum += g;
    product += g * (<f64> load<f32>(x + at) - mean);
  }
  const r = 1 / sqrt<f64>(square);
  const bend = product / (square * count);
  sum /= count;
  for (let at: usize = 0; at < bytes; at += 4) {
    const g = <f64> load<f32>(dy + at) * <f64> load<f32>(n.scale + at) - sum;
    store<f32>(to + at, <f32> (r * (g - (<f64> load<f32>(x + at) - mean) * bend)));
  }
}
