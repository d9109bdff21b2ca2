import { wide } from "./lanes";

/** Adds `rows` x `columns` entries of C to contiguous sums in float64. */
export function addToSums(c: usize, cRow: usize, rows: i32, columns: i32, sums: usize): void {
  for (let i = 0; i < rows; i++, c += cRow) {
    let j = 0;
    for (; j + 2 <= columns; j += 2, sums += 16) {
      v128.store(sums, f64x2.add(v128.load(sums), wide(c + (<usize> j << 2))));
    }
    if (j < columns) {
      store<f64>(sums, load<f64>(sums) + <f64> load<f32>(c + (<usize> j << 2)));
      sums += 8;
    }
  }
}

/** Writes the sums (+ bias; clipped at 0 from below, NaN kept) to C. */
export function writeSums(
  sums: usize,
  c: usize,
  cRow: usize,
  rows: i32,
  columns: i32,
  bias: usize,
  relu: bool,
): void {
  for (let i = 0; i < rows; i++, c += cRow) {
    for (let j = 0; j < columns; j++, sums += 8) {
      const column = <usize> j << 2;
      let sum = <f32> load<f64>(sums);
      if (bias) sum += load<f32>(bias + column);
      store<f32>(c + column, relu && sum < 0 ? 0 : sum);
    }
  }
}
