/** Copies `count` float32. */
// @ts-ignore: decorator
@inline
export function copyRun(from: usize, to: usize, count: i32): void {
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  for (; from < whole; from += 16, to += 16) v128.store(to, v128.load(from));
  for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
}

/** Adds `count` float32 to those at `to`. */
// @ts-ignore: decorator
@inline
export function addRun(from: usize, to: usize, count: i32): void {
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  for (; from < whole; from += 16, to += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Writes `count` zeros. */
// @ts-ignore: decorator
@inline
export function clearRun(to: usize, count: i32): void {
  const end = to + (<usize> count << 2);
  const whole = to + ((<usize> count << 2) & ~15);
  for (; to < whole; to += 16) v128.store(to, f32x4.splat(0));
  for (; to < end; to += 4) store<f32>(to, 0);
}

/** Returns true if all `count` float32 are finite. */
export function isFiniteRun(from: usize, count: i32): bool {
  let any = f32x4.splat(0);
  const end = from + (<usize> count << 2);
  for (; from + 16 <= end; from += 16) {
    const x = v128.load(from);
    any = v128.or(any, f32x4.sub(x, x));
  }
  let rest: f32 = 0;
  for (; from < end; from += 4) rest += load<f32>(from) - load<f32>(from);
  // x - x is 0, or NaN.
  return !v128.any_true(f32x4.ne(any, any)) && rest == 0;
}

/** Returns the start of part `part` of `total` items, cut at multiples of `unit`. */
// @ts-ignore: decorator
@inline
export function share(total: i32, unit: i32, part: i32, parts: i32): i32 {
  const units = (total + unit - 1) / unit;
  return min(total, <i32> (<i64> units * part / parts) * unit);
}

/** Copies `rows` runs of `run` bytes, `stride` bytes apart, to contiguous memory. */
export function copyRows(from: usize, stride: usize, rows: i32, run: usize, to: usize): void {
  for (let row = 0; row < rows; row++) {
    memory.copy(to, from, run);
    from += stride;
    to += run;
  }
}

/**
 * Copies the runs that `count` indices name, for each of `batch` and of `outer`: x is [batch,
 * outer, size, run bytes], the indices [batch, count].
 */
export function gatherRows(
  x: usize,
  indices: usize,
  batch: i32,
  outer: i32,
  size: i32,
  count: i32,
  run: usize,
  to: usize,
): void {
  const block = <usize> size * run;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < count; i++) {
        memory.copy(to, x + <usize> load<i32>(indices + (<usize> i << 2)) * run, run);
        to += run;
      }
      x += block;
    }
    indices += <usize> count << 2;
  }
}
