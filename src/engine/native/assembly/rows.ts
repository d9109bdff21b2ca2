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
