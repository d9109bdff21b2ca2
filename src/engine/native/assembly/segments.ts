import { addRun, clearRun } from "./runs";

/**
 * Adds each of `rows` rows of x to the row of the result that its segment names; rows whose segment
 * does not exist are dropped. Computes the columns `start` .. `stop` of `width`.
 */
export function segmentSum(
  x: usize,
  segments: usize,
  rows: i32,
  width: i32,
  count: i32,
  result: usize,
  start: i32,
  stop: i32,
): void {
  const run = stop - start;
  for (let segment = 0; segment < count; segment++) {
    clearRun(result + (<usize> (segment * width + start) << 2), run);
  }
  for (let row = 0; row < rows; row++) {
    const segment = load<i32>(segments + (<usize> row << 2));
    if (segment < 0 || segment >= count) continue;
    addRun(
      x + (<usize> (row * width + start) << 2),
      result + (<usize> (segment * width + start) << 2),
      run,
    );
  }
}
