import { Normalize } from "./records";

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
