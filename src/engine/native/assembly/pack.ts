import { rowsOfHighTiles } from "./row_tiles";
import { HIGH_ROWS, LOW_ROWS, TILE_STEPS } from "./tile";

/**
 * Copies `outer` x `inner` entries into panels of `WIDTH` along the outer axis, so that the entries
 * of one panel with the same inner index are adjacent: [panel][inner][WIDTH]. Missing entries of a
 * panel are 0.
 *
 * @param from Address of entry (0, 0); entry (i, k) is `i * outerStride + k * innerStride` bytes
 * on.
 */
// @ts-ignore: decorator
@inline
function packPlain(
  width: i32,
  from: usize,
  outerStride: usize,
  innerStride: usize,
  outer: i32,
  inner: i32,
  to: usize,
): void {
  for (let i = 0; i < outer; i += width) {
    const panel = from + <usize> i * outerStride;
    const rest = outer - i;
    for (let k = 0; k < inner; k++) {
      const source = panel + <usize> k * innerStride;
      for (let j = 0; j < width; j++) {
        store<f32>(
          to + (<usize> j << 2),
          j < rest ? load<f32>(source + <usize> j * outerStride) : 0,
        );
      }
      to += <usize> width << 2;
    }
  }
}

/** Transposes the four vectors at `from + n * stride` into `to + n * toStride`. */
// @ts-ignore: decorator
@inline
function transpose4(from: usize, stride: usize, to: usize, toStride: usize): void {
  transposeRows(from, from + stride, from + 2 * stride, from + 3 * stride, to, toStride);
}

/** Transposes four vectors into `to + n * toStride`. */
// @ts-ignore: decorator
@inline
export function transposeRows(
  first: usize,
  second: usize,
  third: usize,
  fourth: usize,
  to: usize,
  toStride: usize,
): void {
  const a = v128.load(first);
  const b = v128.load(second);
  const c = v128.load(third);
  const d = v128.load(fourth);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(to + toStride, v128.shuffle<f64>(ab, cd, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<f64>(ab2, cd2, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<f64>(ab2, cd2, 1, 3));
}

/**
 * Packs panels of 8, for the operand that is read as vectors; `panel` bytes from one to the next.
 */
export function packVectors(
  from: usize,
  outerStride: usize,
  innerStride: usize,
  outer: i32,
  inner: i32,
  to: usize,
  panel: usize,
): void {
  const whole = outer & ~7;
  if (outerStride == 4) {
    // Along the rows, so that each cache line is read once.
    for (let k = 0; k < inner; k++) {
      let source = from + <usize> k * innerStride;
      let target = to + (<usize> k << 5);
      for (let i = 0; i < whole; i += 8) {
        v128.store(target, v128.load(source));
        v128.store(target, v128.load(source, 16), 16);
        source += 32;
        target += panel;
      }
    }
  } else {
    for (let i = 0; i < whole; i += 8) {
      const source = from + <usize> i * outerStride;
      let target = to + <usize> (i >> 3) * panel;
      let k = 0;
      for (; k + 4 <= inner; k += 4) {
        const column = source + (<usize> k << 2);
        transpose4(column, outerStride, target, 32);
        transpose4(column + 4 * outerStride, outerStride, target + 16, 32);
        target += 128;
      }
      if (k < inner) packPlain(8, source + (<usize> k << 2), outerStride, 4, 8, inner - k, target);
    }
  }
  if (whole < outer) {
    packPlain(
      8,
      from + <usize> whole * outerStride,
      outerStride,
      innerStride,
      outer - whole,
      inner,
      to + <usize> (whole >> 3) * panel,
    );
  }
}

/** Packs panels of high tiles and then of low ones, for the operand whose entries are broadcast. */
export function packRows(
  from: usize,
  outerStride: usize,
  innerStride: usize,
  outer: i32,
  inner: i32,
  to: usize,
): void {
  const high = rowsOfHighTiles(outer);
  let row = 0;
  for (; row < high; row += HIGH_ROWS, to += <usize> inner * HIGH_ROWS << 2) {
    packHigh(from + <usize> row * outerStride, outerStride, innerStride, inner, to);
  }
  for (; row < outer; row += LOW_ROWS, to += <usize> inner * LOW_ROWS << 2) {
    const source = from + <usize> row * outerStride;
    packLow(source, outerStride, innerStride, min(LOW_ROWS, outer - row), inner, to);
  }
}

/**
 * Packs a panel of five. For every four inner indices the first four entries are adjacent, index
 * after index, and then the fifth ones. The inner axis after whole `TILE_STEPS` is packed as in
 * `packPlain`.
 */
export function packHigh(
  source: usize,
  outerStride: usize,
  innerStride: usize,
  inner: i32,
  to: usize,
): void {
  const whole = inner - inner % TILE_STEPS;
  const end = to + <usize> whole * 20;
  if (innerStride == 4) {
    const fifth = 4 * outerStride;
    for (; to < end; source += 16, to += 80) {
      transpose4(source, outerStride, to, 16);
      v128.store(to, v128.load(source + fifth), 64);
    }
  } else {
    for (; to < end; source += 4 * innerStride, to += 80) {
      copyFive(source, to, 0);
      copyFive(source + innerStride, to, 1);
      copyFive(source + 2 * innerStride, to, 2);
      copyFive(source + 3 * innerStride, to, 3);
    }
  }
  if (whole < inner) {
    packPlain(HIGH_ROWS, source, outerStride, innerStride, HIGH_ROWS, inner - whole, to);
  }
}

/** Copies five adjacent entries to the place that `packHigh` has for index `at` of four. */
// @ts-ignore: decorator
@inline
function copyFive(source: usize, to: usize, at: usize): void {
  v128.store(to + (at << 4), v128.load(source));
  store<f32>(to + (at << 2), load<f32>(source, 16), 64);
}

/** Packs a panel of four, `outer` of which exist, as in `packPlain`. */
export function packLow(
  source: usize,
  outerStride: usize,
  innerStride: usize,
  outer: i32,
  inner: i32,
  to: usize,
): void {
  const whole = outer == LOW_ROWS ? inner & ~3 : 0;
  const end = to + (<usize> whole << 4);
  if (innerStride == 4) {
    for (; to < end; source += 16, to += 64) transpose4(source, outerStride, to, 16);
  } else {
    for (; to < end; source += innerStride, to += 16) v128.store(to, v128.load(source));
  }
  if (whole < inner) {
    packPlain(LOW_ROWS, source, outerStride, innerStride, outer, inner - whole, to);
  }
}
