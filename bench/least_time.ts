/** The least milliseconds of some runs in a row, being the least disturbed. */
export function leastTime(runs: number, run: () => void): number {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const before = performance.now();
    run();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}
