import { RELU } from "./flags";

/**
 * Transforms of Winograd's convolutions F(2 x 2, 3 x 3) and F(3 x 3, 2 x 2): four outputs of a
 * window of 3 x 3 take 16 products, not 36 (Lavin and Gray 2015, arXiv:1509.09308). With d a tile
 * of 4 x 4 inputs, g the window and y the 2 x 2 outputs, y = A'(GgG' * B'dB)A, where * multiplies
 * place by place, so that each of the 16 places is a product of matrices, tiles by channels by
 * filters. An output takes only inputs of its own window: where these are 0, it is 0.
 */

/** Places of a transformed tile, and the bytes of their addresses. */
export const PLACES: i32 = 16;
export const ADDRESSES: i32 = PLACES * 4;

/** Loads four channels of an entry of a tile. */
// @ts-ignore: decorator
@inline
function entry(addresses: usize, index: usize, channel: usize): v128 {
  return v128.load(load<usize>(addresses + (index << 2)) + channel);
}

/** Stores (a, b, c, d) B. */
// @ts-ignore: decorator
@inline
function storeInput(a: v128, b: v128, c: v128, d: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.sub(a, c));
  v128.store(to + step, f32x4.add(b, c));
  v128.store(to + 2 * step, f32x4.sub(c, b));
  v128.store(to + 3 * step, f32x4.sub(b, d));
}

/**
 * Transforms a tile of inputs, `start` .. `stop` bytes of its channels; `step` bytes from one place
 * of the result to the next.
 */
export function transformInput(
  addresses: usize,
  start: usize,
  stop: usize,
  to: usize,
  step: usize,
): void {
  for (let c = start; c < stop; c += 16, to += 16) {
    const b0 = entry(addresses, 4, c), b1 = entry(addresses, 5, c);
    const b2 = entry(addresses, 6, c), b3 = entry(addresses, 7, c);
    const c0 = entry(addresses, 8, c), c1 = entry(addresses, 9, c);
    const c2 = entry(addresses, 10, c), c3 = entry(addresses, 11, c);
    storeInput(
      f32x4.sub(entry(addresses, 0, c), c0), f32x4.sub(entry(addresses, 1, c), c1),
      f32x4.sub(entry(addresses, 2, c), c2), f32x4.sub(entry(addresses, 3, c), c3), to, step,
    );
    storeInput(
      f32x4.add(b0, c0), f32x4.add(b1, c1), f32x4.add(b2, c2), f32x4.add(b3, c3),
      to + 4 * step, step,
    );
    storeInput(
      f32x4.sub(c0, b0), f32x4.sub(c1, b1), f32x4.sub(c2, b2), f32x4.sub(c3, b3),
      to + 8 * step, step,
    );
    storeInput(
      f32x4.sub(b0, entry(addresses, 12, c)), f32x4.sub(b1, entry(addresses, 13, c)),
      f32x4.sub(b2, entry(addresses, 14, c)), f32x4.sub(b3, entry(addresses, 15, c)),
      to + 12 * step, step,
    );
  }
}

/** Stores G (a, b, c): four places, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeFilter(a: v128, b: v128, c: v128, to: usize, step: usize): void {
  const half = f32x4.splat(0.5), sum = f32x4.add(a, c);
  v128.store(to, a);
  v128.store(to + step, f32x4.mul(half, f32x4.add(sum, b)));
  v128.store(to + 2 * step, f32x4.mul(half, f32x4.sub(sum, b)));
  v128.store(to + 3 * step, c);
}

/**
 * Transforms four filters of 3 x 3 taps, `tap` bytes apart, forwards or, if negative, backwards.
 * Results are `step` bytes apart.
 */
export function transformFilter(from: usize, tap: isize, to: usize, step: usize): void {
  // The columns come first; the rows then replace these intermediate results.
  for (let j = 0; j < 3; j++) {
    const column = from + <usize> (tap * j);
    storeFilter(
      v128.load(column), v128.load(column + <usize> (3 * tap)), v128.load(column + <usize> (6 * tap)),
      to + <usize> j * step, 4 * step,
    );
  }
  for (let i = 0; i < 4; i++, to += 4 * step) {
    storeFilter(v128.load(to), v128.load(to + step), v128.load(to + 2 * step), to, step);
  }
}

/** Stores the transform of two of 2 x 2 outputs' gradients: four places, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storePair(a: v128, b: v128, to: usize, step: usize): void {
  const half = f32x4.splat(0.5);
  v128.store(to, a);
  v128.store(to + step, f32x4.mul(half, f32x4.add(a, b)));
  v128.store(to + 2 * step, f32x4.mul(half, f32x4.sub(a, b)));
  v128.store(to + 3 * step, b);
}

/** Transforms the gradients of 2 x 2 outputs, `bytes` of filters. */
export function transformPair(addresses: usize, bytes: usize, to: usize, step: usize): void {
  const half = f32x4.splat(0.5);
  for (let c: usize = 0; c < bytes; c += 16, to += 16) {
    const a = entry(addresses, 0, c), b = entry(addresses, 1, c);
    const d = entry(addresses, 2, c), e = entry(addresses, 3, c);
    storePair(a, b, to, step);
    storePair(
      f32x4.mul(half, f32x4.add(a, d)), f32x4.mul(half, f32x4.add(b, e)), to + 4 * step, step,
    );
    storePair(
      f32x4.mul(half, f32x4.sub(a, d)), f32x4.mul(half, f32x4.sub(b, e)), to + 8 * step, step,
    );
    storePair(d, e, to + 12 * step, step);
  }
}

/** Returns the first of two outputs, or of three taps, from four places. */
// @ts-ignore: decorator
@inline
function firstOf(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.add(a, b), c);
}

/** Returns the second of two outputs. */
// @ts-ignore: decorator
@inline
function secondOf(b: v128, c: v128, d: v128): v128 {
  return f32x4.sub(f32x4.sub(b, c), d);
}

/** Returns the third of three taps. */
// @ts-ignore: decorator
@inline
function thirdOf(b: v128, c: v128, d: v128): v128 {
  return f32x4.sub(f32x4.add(b, c), d);
}

/**
 * Writes 2 x 2 outputs, of `bytes` of filters, to their addresses, 0 for one outside the image.
 *
 * @param flaws Address of a vector that becomes NaN if an output is not finite.
 */
export function transformOutput(
  from: usize,
  step: usize,
  bytes: usize,
  addresses: usize,
  bias: usize,
  flags: i32,
  flaws: usize,
): void {
  const row = 4 * step;
  let flaw = v128.load(flaws);
  for (let c: usize = 0; c < bytes; c += 16, from += 16) {
    let first0 = v128.load(from), first1 = v128.load(from + step);
    let first2 = v128.load(from + 2 * step), first3 = v128.load(from + 3 * step);
    const a = from + row, b = a + row, d = b + row;
    let x = v128.load(a), y = v128.load(b);
    first0 = firstOf(first0, x, y);
    const second0 = secondOf(x, y, v128.load(d));
    x = v128.load(a + step);
    y = v128.load(b + step);
    first1 = firstOf(first1, x, y);
    const second1 = secondOf(x, y, v128.load(d + step));
    x = v128.load(a + 2 * step);
    y = v128.load(b + 2 * step);
    first2 = firstOf(first2, x, y);
    const second2 = secondOf(x, y, v128.load(d + 2 * step));
    x = v128.load(a + 3 * step);
    y = v128.load(b + 3 * step);
    first3 = firstOf(first3, x, y);
    const second3 = secondOf(x, y, v128.load(d + 3 * step));
    const at = bias ? bias + c : 0;
    flaw = storeOutput(firstOf(first0, first1, first2), addresses, 0, c, at, flags, flaw);
    flaw = storeOutput(secondOf(first1, first2, first3), addresses, 1, c, at, flags, flaw);
    flaw = storeOutput(firstOf(second0, second1, second2), addresses, 2, c, at, flags, flaw);
    flaw = storeOutput(secondOf(second1, second2, second3), addresses, 3, c, at, flags, flaw);
  }
  v128.store(flaws, flaw);
}

/** Stores one output (+ bias, relu); returns the flaws with its own. */
// @ts-ignore: decorator
@inline
function storeOutput(
  y: v128,
  addresses: usize,
  index: usize,
  channel: usize,
  bias: usize,
  flags: i32,
  flaws: v128,
): v128 {
  const address = load<usize>(addresses + (index << 2));
  if (address == 0) return flaws;
  // 0, or NaN.
  flaws = f32x4.add(flaws, f32x4.sub(y, y));
  if (bias) y = f32x4.add(y, v128.load(bias));
  if (flags & RELU) y = f32x4.pmax(y, f32x4.splat(0));
  v128.store(address + channel, y);
  return flaws;
}

/** Writes or adds the gradients of 3 x 3 taps of four filters, `tap` bytes apart. */
export function transformTaps(from: usize, step: usize, to: usize, tap: usize, adds: bool): void {
  // Down the columns first, in place.
  for (let j = 0; j < 4; j++) {
    const at = from + <usize> j * step, row = 4 * step;
    const b = v128.load(at + row), c = v128.load(at + 2 * row);
    v128.store(at, firstOf(v128.load(at), b, c));
    v128.store(at + row, f32x4.sub(b, c));
    v128.store(at + 2 * row, thirdOf(b, c, v128.load(at + 3 * row)));
  }
  for (let i = 0; i < 3; i++, from += 4 * step, to += 3 * tap) {
    const b = v128.load(from + step), c = v128.load(from + 2 * step);
    storeTap(firstOf(v128.load(from), b, c), to, adds);
    storeTap(f32x4.sub(b, c), to + tap, adds);
    storeTap(thirdOf(b, c, v128.load(from + 3 * step)), to + 2 * tap, adds);
  }
}

// @ts-ignore: decorator
@inline
function storeTap(y: v128, to: usize, adds: bool): void {
  v128.store(to, adds ? f32x4.add(v128.load(to), y) : y);
}
