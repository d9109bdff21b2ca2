import { blocksOf, originOf, putSums, rowsOfBlock, sumBlocks } from "./columns";
import { high, low, madd, madd64, total } from "./lanes";
import { FEW, normalizeFewEntries, normalizeFewEntriesGradient, slope } from "./normalize_columns";
import { Normalize } from "./records";

/**
 * Computes (x - mean) / sqrt(variance + epsilon) * scale + offset of the rows `start` .. `stop`,
 * each with its own mean and variance, which it writes. Deviations are taken from the first entry
 * of a row.
 */
export function normalizeRows(n: Normalize, start: i32, stop: i32): void {
  const bytes = <usize> n.width << 2;
  const whole = bytes & ~15;
  for (let i = start; i < stop; i++) {
    if (n.width <= FEW) {
      normalizeFewEntries(n, i);
      continue;
    }
    const from = n.x + <usize> i * bytes, to = n.to + <usize> i * bytes;
    const origin = <f64> originOf(load<f32>(from));
    const origins = f64x2.splat(origin);
    let a = f64x2.splat(0), b = a, aa = a, bb = a;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const x = v128.load(from + at);
      const x0 = f64x2.sub(low(x), origins), x1 = f64x2.sub(high(x), origins);
      a = f64x2.add(a, x0);
      b = f64x2.add(b, x1);
      aa = madd64(x0, x0, aa);
      bb = madd64(x1, x1, bb);
    }
    let sum = total(f64x2.add(a, b)), square = total(f64x2.add(aa, bb));
    for (; at < bytes; at += 4) {
      const x = <f64> load<f32>(from + at) - origin;
      sum += x;
      square += x * x;
    }
    const shift = sum / <f64> n.width;
    const exact = origin + shift;
    const mean = <f32> exact, lack = <f64> mean - exact;
    const variance = <f32> max<f64>(0, square / <f64> n.width - shift * shift);
    store<f32>(n.mean + (<usize> i << 2), mean);
    store<f32>(n.variance + (<usize> i << 2), variance);
    store<f32>(n.lack + (<usize> i << 2), <f32> lack);
    const r = <f32> slope(variance, n.epsilon);
    // Far from 0, float32 cannot hold all digits of the mean: the rest is subtracted afterwards.
    const rest = <f32> (<f64> r * lack);
    const means = f32x4.splat(mean), factors = f32x4.splat(r), rests = f32x4.splat(rest);
    for (at = 0; at < whole; at += 16) {
      const x = madd(f32x4.sub(v128.load(from + at), means), factors, rests);
      v128.store(to + at, madd(x, v128.load(n.scale + at), v128.load(n.offset + at)));
    }
    for (; at < bytes; at += 4) {
      const x = (load<f32>(from + at) - mean) * r + rest;
      store<f32>(to + at, x * load<f32>(n.scale + at) + load<f32>(n.offset + at));
    }
  }
}

/**
 * Computes the gradient of `normalizeRows` for x, in the blocks `start` .. `stop` of rows: with g =
 * dy scale and r = 1 / sqrt(variance + epsilon), r (g - mean g - (x - mean) r^2 mean(g (x -
 * mean))). For each block it stores the inputs of `sumRowBlocks`.
 *
 * @param scratch Address of 12 bytes for each row of a block.
 */
export function normalizeRowsGradient(n: Normalize, start: i32, stop: i32, scratch: usize): void {
  const block = rowsOfBlock(n.width);
  for (let b = start; b < stop; b++) {
    const first = b * block;
    const count = min(block, n.rows - first);
    for (let i = 0; i < count; i++) rowGradient(n, first + i, scratch + <usize> i * FACTS);
    columnSums(n, first, count, scratch, n.partials + (<usize> b * n.width << 4));
  }
}

/**
 * Bytes that the gradient of a row stores: its mean, r, and r times the rounding error of the mean.
 */
const FACTS: usize = 12;

/** Computes the gradient of one row and stores its facts. */
function rowGradient(n: Normalize, row: i32, facts: usize): void {
  const bytes = <usize> n.width << 2;
  const whole = bytes & ~15;
  const x = n.x + <usize> row * bytes, dy = n.dy + <usize> row * bytes, to = n.to + <usize> row * bytes;
  const mean = load<f32>(n.mean + (<usize> row << 2));
  const r = slope(load<f32>(n.variance + (<usize> row << 2)), n.epsilon);
  store<f32>(facts, mean);
  store<f32>(facts, <f32> r, 4);
  const means = f32x4.splat(mean);
  let a = f64x2.splat(0), b = a, c = a, d = a;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const g = f32x4.mul(v128.load(dy + at), v128.load(n.scale + at));
    const deviation = f32x4.sub(v128.load(x + at), means);
    const g0 = low(g), g1 = high(g);
    a = f64x2.add(a, g0);
    b = f64x2.add(b, g1);
    c = madd64(g0, low(deviation), c);
    d = madd64(g1, high(deviation), d);
  }
  let sum = total(f64x2.add(a, b)), product = total(f64x2.add(c, d));
  for (; at < bytes; at += 4) {
    const g = <f64> (load<f32>(dy + at) * load<f32>(n.scale + at));
    sum += g;
    product += g * <f64> (load<f32>(x + at) - mean);
  }
  const lack: f64 = n.lack ? load<f32>(n.lack + (<usize> row << 2)) : 0;
  store<f32>(facts, <f32> (r * lack), 8);
  if (n.width <= FEW) return normalizeFewEntriesGradient(n, row);
  // Sum of g (x - mean), whose mean was rounded.
  product += lack * sum;
  const factor = <f32> r, bent = -r * r * r * product / <f64> n.width;
  const bend = <f32> bent, shift = <f32> (-r * sum / <f64> n.width + bent * lack);
  const factors = f32x4.splat(factor), bends = f32x4.splat(bend), shifts = f32x4.splat(shift);
  for (at = 0; at < whole; at += 16) {
    const g = f32x4.mul(v128.load(dy + at), v128.load(n.scale + at));
    const deviation = f32x4.sub(v128.load(x + at), means);
    v128.store(to + at, madd(g, factors, madd(deviation, bends, shifts)));
  }
  for (; at < bytes; at += 4) {
    const g = load<f32>(dy + at) * load<f32>(n.scale + at);
    store<f32>(to + at, g * factor + ((load<f32>(x + at) - mean) * bend + shift));
  }
}

/** Sums dy for each column of a block, and, `width` entries on, dy (x - mean) r. */
function columnSums(n: Normalize, first: i32, count: i32, facts: usize, sums: usize): void {
  const row = <usize> n.width << 2;
  const second = <usize> n.width << 3;
  const between = n.dy - n.x;
  let from = n.x + <usize> first * row;
  let column = 0;
  for (; column + 8 <= n.width; column += 8, from += 32, sums += 64) {
    let a = f64x2.splat(0), b = a, c = a, d = a, aa = a, bb = a, cc = a, dd = a;
    for (let i = 0, at = from; i < count; i++, at += row) {
      const fact = facts + <usize> i * FACTS;
      const mean = v128.load32_splat(fact);
      const r = v128.load32_splat(fact, 4), lack = v128.load32_splat(fact, 8);
      const x = madd(f32x4.sub(v128.load(at), mean), r, lack);
      const y = madd(f32x4.sub(v128.load(at, 16), mean), r, lack);
      const dx = v128.load(at + between), dy = v128.load(at + between, 16);
      const dx0 = low(dx), dx1 = high(dx), dy0 = low(dy), dy1 = high(dy);
      a = f64x2.add(a, dx0);
      b = f64x2.add(b, dx1);
      c = f64x2.add(c, dy0);
      d = f64x2.add(d, dy1);
      aa = madd64(dx0, low(x), aa);
      bb = madd64(dx1, high(x), bb);
      cc = madd64(dy0, low(y), cc);
      dd = madd64(dy1, high(y), dd);
    }
    putSums(a, b, c, d, sums);
    putSums(aa, bb, cc, dd, sums + second);
  }
  for (; column < n.width; column++, from += 4, sums += 8) {
    let sum: f64 = 0, product: f64 = 0;
    for (let i = 0, at = from; i < count; i++, at += row) {
      const fact = facts + <usize> i * FACTS;
      const x = (load<f32>(at) - load<f32>(fact)) * load<f32>(fact, 4) + load<f32>(fact, 8);
      const gradient = <f64> load<f32>(at + between);
      sum += gradient;
      product += gradient * <f64> x;
    }
    store<f64>(sums, sum);
    store<f64>(sums + second, product);
  }
}

/** Computes the gradients of scale and offset from the block results of `normalizeRowsGradient`. */
export function sumRowBlocks(n: Normalize, start: i32, stop: i32): void {
  const blocks = blocksOf(n.rows, n.width);
  for (let column = start; column < stop; column++) {
    const sums = n.partials + (<usize> column << 3);
    store<f32>(n.dOffset + (<usize> column << 2), <f32> sumBlocks(sums, blocks, n.width));
    store<f32>(
      n.dScale + (<usize> column << 2),
      <f32> sumBlocks(sums + (<usize> n.width << 3), blocks, n.width),
    );
  }
}
