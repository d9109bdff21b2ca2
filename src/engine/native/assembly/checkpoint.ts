/**
 * Sweeps over the weights of a file, as they are stored. This is a separate module, with its own
 * memory: no engine runs when a file of weights is judged.
 */
import { Sums } from "./statistics";
export { sums } from "./statistics";

/** Odd constant that mixes the bits of a code: 2^32 divided by the golden ratio. */
const MIX: u32 = 0x9e3779b1;

/** Columns that are hashed together, so that all that belongs to them stays in the L1 cache. */
const BLOCK: i32 = 2048;

/** Flags of a row. */
const ZERO: u8 = 1, CONSTANT: u8 = 2, BROKEN: u8 = 4;

/** Counts entries of 8 bits by their codes; `counts` has an i32 for each of 256. */
export function count8(from: usize, count: i32, counts: usize): void {
  const end = from + <usize> count;
  for (let at = from; at < end; at++) raise(counts + (<usize> load<u8>(at) << 2));
}

/** Counts entries of 16 bits by their codes; `counts` has an i32 for each of 65,536. */
export function count16(from: usize, count: i32, counts: usize): void {
  const end = from + (<usize> count << 1);
  const whole = from + ((<usize> count << 1) & ~15);
  let at = from;
  for (; at < whole; at += 16) {
    const x = v128.load(at);
    // Code times 4, the bytes of its counter.
    raiseFour(counts, 0, v128.and(i32x4.shl(x, 2), i32x4.splat(0x3fffc)));
    raiseFour(counts, 0, v128.and(i32x4.shr_u(x, 14), i32x4.splat(0x3fffc)));
  }
  for (; at < end; at += 2) raise(counts + (<usize> load<u16>(at) << 2));
}

/**
 * Counts float32 by their upper 13 bits: sign, exponent and 4 bits of the mantissa, from which
 * follow the histograms by exponent and by value.
 *
 * @param counts Address of four i32 for each of the 8,192 codes, to be summed: adjacent entries may
 * have the same code, and would wait for each other.
 */
export function count32(from: usize, count: i32, counts: usize): void {
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  let at = from;
  for (; at < whole; at += 16) {
    // Code times 16, the bytes of its counters.
    const x = v128.and(i32x4.shr_u(v128.load(at), 15), i32x4.splat(0x1fff0));
    raiseFour(counts, 4, x);
  }
  for (; at < end; at += 4) raise(counts + <usize> (load<u32>(at) >> 15 & 0x1fff0));
}

// @ts-ignore: decorator
@inline
function raise(counter: usize): void {
  store<i32>(counter, load<i32>(counter) + 1);
}

/**
 * Raises four counters, given by four offsets; `step` is the distance between the tables of
 * neighbours. To extract pairs of lanes and shift takes an eighth less than four lanes.
 */
// @ts-ignore: decorator
@inline
function raiseFour(counts: usize, step: usize, offsets: v128): void {
  const low = i64x2.extract_lane(offsets, 0), high = i64x2.extract_lane(offsets, 1);
  raise(counts + <usize> low);
  raise(counts + step + <usize> (low >> 32));
  raise(counts + 2 * step + <usize> high);
  raise(counts + 3 * step + <usize> (high >> 32));
}

/** Results of `sumWhole32` and `sumWhole64`, after those of `sums`. */
@unmanaged
class WholeSums extends Sums {
  /** Smallest and largest entry; of unsigned numbers, the bits of an u64. */
  least: i64;
  largest: i64;
}

/** Sums up whole numbers of 32 bits. */
export function sumWhole32(from: usize, count: i32, isSigned: bool, result: usize): void {
  if (isSigned) sumWhole<i32>(from, count, result);
  else sumWhole<u32>(from, count, result);
}

/** Sums up whole numbers of 64 bits: their range is exact, their sums are rounded to float64. */
export function sumWhole64(from: usize, count: i32, isSigned: bool, result: usize): void {
  if (isSigned) sumWhole<i64>(from, count, result);
  else sumWhole<u64>(from, count, result);
}

function sumWhole<T>(from: usize, count: i32, result: usize): void {
  const end = from + <usize> count * sizeof<T>();
  let least = load<T>(from), largest = least;
  let sum: f64 = 0, sumAbs: f64 = 0, sumSquares: f64 = 0, zeros: i32 = 0;
  for (let at = from; at < end; at += sizeof<T>()) {
    const entry = load<T>(at);
    least = min<T>(least, entry);
    largest = max<T>(largest, entry);
    const x = <f64> entry;
    sum += x;
    sumAbs += abs(x);
    sumSquares += x * x;
    zeros += <i32> (entry == 0);
  }
  const mean = sum / <f64> count;
  let squaredDeviations: f64 = 0;
  for (let at = from; at < end; at += sizeof<T>()) {
    const deviation = <f64> load<T>(at) - mean;
    squaredDeviations += deviation * deviation;
  }
  const out = changetype<WholeSums>(result);
  out.finite = <f64> count;
  out.sumAbs = sumAbs;
  out.sumSquares = sumSquares;
  out.maxAbs = max<f64>(abs(<f64> least), abs(<f64> largest));
  out.zeros = <f64> zeros;
  out.mean = mean;
  out.squaredDeviations = squaredDeviations;
  out.least = <i64> least;
  out.largest = <i64> largest;
}

/** Narrows float64 to float32 in place. */
export function narrow(at: usize, count: i32): void {
  for (let i: usize = 0; i < <usize> count; i++) {
    store<f32>(at + (i << 2), <f32> load<f64>(at + (i << 3)));
  }
}

/** Converts codes of 8 bits to float32 by a table of the numbers that they mean. */
export function widen8(from: usize, to: usize, count: i32, table: usize): void {
  for (let i: usize = 0; i < <usize> count; i++) {
    store<f32>(to + (i << 2), load<f32>(table + (<usize> load<u8>(from + i) << 2)));
  }
}

/** Converts codes of 16 bits, likewise. */
export function widen16(from: usize, to: usize, count: i32, table: usize): void {
  for (let i: usize = 0; i < <usize> count; i++) {
    store<f32>(to + (i << 2), load<f32>(table + (<usize> load<u16>(from + (i << 1)) << 2)));
  }
}

/** Results of `compare`. */
@unmanaged
class Comparison {
  squaresA: f64;
  squaresB: f64;
  products: f64;
  squaredDifferences: f64;
  /** Number of entries whose bits differ. */
  differing: f64;
}

/** Compares two runs of float32, in float64. */
export function compare(a: usize, b: usize, count: i32, result: usize): void {
  let squaresA = f64x2.splat(0), squaresB = f64x2.splat(0);
  let products = f64x2.splat(0), squared = f64x2.splat(0);
  let differing = i32x4.splat(0);
  const whole = <usize> (count & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const left = v128.load(a + at), right = v128.load(b + at);
    differing = i32x4.sub(differing, i32x4.ne(left, right));
    for (let half = 0; half < 2; half++) {
      const from = at + (<usize> half << 3);
      const x = f64x2.promote_low_f32x4(v128.load64_zero(a + from));
      const y = f64x2.promote_low_f32x4(v128.load64_zero(b + from));
      const apart = f64x2.sub(x, y);
      squaresA = f64x2.add(squaresA, f64x2.mul(x, x));
      squaresB = f64x2.add(squaresB, f64x2.mul(y, y));
      products = f64x2.add(products, f64x2.mul(x, y));
      squared = f64x2.add(squared, f64x2.mul(apart, apart));
    }
  }
  const out = changetype<Comparison>(result);
  out.squaresA = f64x2.extract_lane(squaresA, 0) + f64x2.extract_lane(squaresA, 1);
  out.squaresB = f64x2.extract_lane(squaresB, 0) + f64x2.extract_lane(squaresB, 1);
  out.products = f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1);
  out.squaredDifferences = f64x2.extract_lane(squared, 0) + f64x2.extract_lane(squared, 1);
  out.differing = <f64> laneSum(differing);
  for (let at = whole; at < <usize> count << 2; at += 4) {
    const x = <f64> load<f32>(a + at), y = <f64> load<f32>(b + at);
    out.squaresA += x * x;
    out.squaresB += y * y;
    out.products += x * y;
    out.squaredDifferences += (x - y) * (x - y);
    if (load<i32>(a + at) != load<i32>(b + at)) out.differing++;
  }
}

/** Returns an odd number for an index: the coefficient of a row or a column in a hash. */
export function coefficient(index: i32, seed: i32): i32 {
  let x = <u32> index * MIX + <u32> seed;
  x = (x ^ (x >> 16)) * 0x85ebca6b;
  x = (x ^ (x >> 13)) * 0xc2b2ae35;
  return <i32> ((x ^ (x >> 16)) | 1);
}

/** Writes the coefficients of `count` columns. */
export function fillCoefficients(to: usize, count: i32, seed: i32): void {
  for (let i = 0; i < count; i++) store<i32>(to + (<usize> i << 2), coefficient(i, seed));
}

/** Matrix of codes whose rows and columns are hashed. */
@unmanaged
class Matrix {
  from: usize;
  rows: i32;
  /** Number of entries of a row that are read, and from a row to the next. */
  width: i32;
  stride: i32;
  /** Bytes of an entry: 1, 2, 4 or, of whole numbers, 8. */
  bytes: i32;
  /** Index of the first row in its tensor. */
  first: i32;
  /** Code of -0; 0 for whole numbers. */
  sign: i32;
  /** Coefficients of the columns, for each of two hashes. */
  ones: usize;
  twos: usize;
  /** Hashes of the columns, to which those of these rows are added; 0 if columns are not hashed. */
  columnOnes: usize;
  columnTwos: usize;
  /** Two hashes of each row, one after the other. */
  hashes: usize;
  /** A byte of flags for each row. */
  flags: usize;
  /** Smallest magnitude that is not finite, and smallest that is NaN. */
  infinity: i32;
  nan: i32;
  /** A byte for each column, set if it has a NaN. */
  broken: usize;
}

/** Seeds of the two hashes. */
const FIRST: i32 = 1, SECOND: i32 = 0x5bd1e995;

/**
 * Hashes rows and columns of a matrix: two sums each of 32 bits, of mixed codes times a coefficient
 * for their place. The sums are linear, so that those of a tensor's parts add up, a row of zeros has
 * the hash 0, and a constant one that of its first entry times the sum of all coefficients.
 */
export function hash(at: usize): void {
  const m = changetype<Matrix>(at);
  for (let row = 0; row < m.rows; row++) store<i64>(m.hashes + (<usize> row << 3), 0);
  for (let first = 0; first < m.width; first += BLOCK) {
    const end = min(first + BLOCK, m.width);
    if (m.bytes == 1) hashBlock<u8>(m, first, end);
    else if (m.bytes == 2) hashBlock<u16>(m, first, end);
    else if (m.bytes == 4) hashBlock<u32>(m, first, end);
    else hashLong(m, first, end);
  }
  let sumOnes = 0, sumTwos = 0;
  for (let column: usize = 0; column < <usize> m.width; column++) {
    sumOnes += load<i32>(m.ones + (column << 2));
    sumTwos += load<i32>(m.twos + (column << 2));
  }
  for (let row = 0; row < m.rows; row++) {
    const hashes = m.hashes + (<usize> row << 3);
    const one = load<i32>(hashes), two = load<i32>(hashes, 4);
    const start = mixedAt(m, row * m.stride);
    let flags: u8 = 0;
    if (one == 0 && two == 0) flags = ZERO;
    else if (one == <i32> start * sumOnes && two == <i32> (start >> 32) * sumTwos) flags = CONSTANT;
    store<u8>(m.flags + <usize> row, flags);
  }
}

/**
 * Writes the mixed codes of the first row, of which constant columns consist: a pair for each column,
 * one for each hash.
 */
export function mixFirst(at: usize, to: usize): void {
  const m = changetype<Matrix>(at);
  for (let i = 0; i < m.width; i++) store<i64>(to + (<usize> i << 3), mixedAt(m, i));
}

/** Returns the mixed code of an entry for the first hash, and in the upper bits for the second. */
function mixedAt(m: Matrix, index: i32): i64 {
  if (m.bytes == 8) return mixLong(load<i64>(m.from + (<usize> index << 3)));
  let code: u32;
  if (m.bytes == 1) code = load<u8>(m.from + <usize> index);
  else if (m.bytes == 2) code = load<u16>(m.from + (<usize> index << 1));
  else code = load<u32>(m.from + (<usize> index << 2));
  const mixed = <i64> mixOne(code, m.sign);
  return mixed << 32 | mixed;
}

/** Mixes a code of 64 bits so that no two have the same result, and 0 stays 0. */
// @ts-ignore: decorator
@inline
function mixLong(code: u64): i64 {
  let x = (code ^ (code >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return <i64> (x ^ (x >> 31));
}

/** Hashes whole numbers of 64 bits: each hash takes half of a mixed code, so that none is lost. */
function hashLong(m: Matrix, first: i32, end: i32): void {
  for (let row = 0; row < m.rows; row++) {
    const one = coefficient(m.first + row, FIRST);
    const two = coefficient(m.first + row, SECOND);
    const hashes = m.hashes + (<usize> row << 3);
    let sumOnes = load<i32>(hashes), sumTwos = load<i32>(hashes, 4);
    for (let column = first; column < end; column++) {
      const x = mixLong(load<i64>(m.from + (<usize> (row * m.stride + column) << 3)));
      const low = <i32> x, high = <i32> (x >> 32);
      const place = <usize> column << 2;
      sumOnes += low * load<i32>(m.ones + place);
      sumTwos += high * load<i32>(m.twos + place);
      if (!m.columnOnes) continue;
      const columnOnes = m.columnOnes + place, columnTwos = m.columnTwos + place;
      store<i32>(columnOnes, load<i32>(columnOnes) + low * one);
      store<i32>(columnTwos, load<i32>(columnTwos) + high * two);
    }
    store<i32>(hashes, sumOnes);
    store<i32>(hashes, sumTwos, 4);
  }
}

// @ts-ignore: decorator
@inline
function mixOne(code: u32, sign: u32): u32 {
  let x: u32 = code == sign ? <u32> 0 : code;
  x = (x ^ (x >> 16)) * MIX;
  return x ^ (x >> 15);
}

/** Mixes four codes so that every bit of one reaches the lowest bits of the product. */
// @ts-ignore: decorator
@inline
function mixFour(codes: v128, sign: v128): v128 {
  // -0 equals 0.
  const x = v128.andnot(codes, i32x4.eq(codes, sign));
  const y = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(MIX));
  return v128.xor(y, i32x4.shr_u(y, 15));
}

// @ts-ignore: decorator
@inline
function loadFour<T>(at: usize): v128 {
  if (sizeof<T>() == 4) return v128.load(at);
  if (sizeof<T>() == 2) return v128.load_ext<u16>(at);
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

// @ts-ignore: decorator
@inline
function laneSum(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) +
    i32x4.extract_lane(x, 3);
}

function hashBlock<T>(m: Matrix, first: i32, end: i32): void {
  const sign = i32x4.splat(m.sign);
  const whole = <usize> (first + ((end - first) & ~3)) << 2;
  const stop = <usize> end << 2;
  for (let row = 0; row < m.rows; row++) {
    const one = coefficient(m.first + row, FIRST);
    const two = coefficient(m.first + row, SECOND);
    const ones = i32x4.splat(one), twos = i32x4.splat(two);
    let rowOnes = i32x4.splat(0), rowTwos = i32x4.splat(0);
    let from = m.from + <usize> (row * m.stride + first) * sizeof<T>();
    let place = <usize> first << 2;
    if (m.columnOnes) {
      for (; place < whole; place += 16, from += 4 * sizeof<T>()) {
        const x = mixFour(loadFour<T>(from), sign);
        rowOnes = i32x4.add(rowOnes, i32x4.mul(x, v128.load(m.ones + place)));
        rowTwos = i32x4.add(rowTwos, i32x4.mul(x, v128.load(m.twos + place)));
        const columnOnes = m.columnOnes + place, columnTwos = m.columnTwos + place;
        v128.store(columnOnes, i32x4.add(v128.load(columnOnes), i32x4.mul(x, ones)));
        v128.store(columnTwos, i32x4.add(v128.load(columnTwos), i32x4.mul(x, twos)));
      }
    } else {
      for (; place < whole; place += 16, from += 4 * sizeof<T>()) {
        const x = mixFour(loadFour<T>(from), sign);
        rowOnes = i32x4.add(rowOnes, i32x4.mul(x, v128.load(m.ones + place)));
        rowTwos = i32x4.add(rowTwos, i32x4.mul(x, v128.load(m.twos + place)));
      }
    }
    let sumOnes = laneSum(rowOnes), sumTwos = laneSum(rowTwos);
    for (; place < stop; place += 4, from += sizeof<T>()) {
      const x = <i32> mixOne(<u32> load<T>(from), <u32> m.sign);
      sumOnes += x * load<i32>(m.ones + place);
      sumTwos += x * load<i32>(m.twos + place);
      if (m.columnOnes) {
        const columnOnes = m.columnOnes + place, columnTwos = m.columnTwos + place;
        store<i32>(columnOnes, load<i32>(columnOnes) + x * one);
        store<i32>(columnTwos, load<i32>(columnTwos) + x * two);
      }
    }
    const hashes = m.hashes + (<usize> row << 3);
    store<i32>(hashes, load<i32>(hashes) + sumOnes);
    store<i32>(hashes, load<i32>(hashes, 4) + sumTwos, 4);
  }
}

/** Results of `scan`. */
@unmanaged
class Scan {
  nan: i32;
  infinite: i32;
  /** Index of the first of each, or -1. */
  firstNaN: i32;
  firstInfinite: i32;
}

/**
 * Finds the entries that are not finite, and flags rows and columns that have a NaN, which equals
 * nothing. It runs only on what has such entries.
 */
export function scan(at: usize, result: usize): void {
  const m = changetype<Matrix>(at);
  const out = changetype<Scan>(result);
  out.nan = out.infinite = 0;
  out.firstNaN = out.firstInfinite = -1;
  const magnitudes = m.sign - 1;
  let index = 0;
  for (let row = 0; row < m.rows; row++) {
    for (let column = 0; column < m.width; column++, index++) {
      let code: i32;
      if (m.bytes == 1) code = load<u8>(m.from + <usize> index);
      else if (m.bytes == 2) code = load<u16>(m.from + (<usize> index << 1));
      else code = load<i32>(m.from + (<usize> index << 2));
      const magnitude = code & magnitudes;
      if (magnitude < m.infinity) continue;
      if (magnitude < m.nan) {
        out.infinite++;
        if (out.firstInfinite < 0) out.firstInfinite = index;
        continue;
      }
      out.nan++;
      if (out.firstNaN < 0) out.firstNaN = index;
      if (m.flags) store<u8>(m.flags + <usize> row, BROKEN);
      if (m.broken) store<u8>(m.broken + <usize> column, 1);
    }
  }
}
