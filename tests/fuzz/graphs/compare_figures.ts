import type { TensorStatistics } from "../../../src/entry/measure.ts";

/** Float32 figures may be off by this share of what they are ... */
const RELATIVE = 1e-3;
/** ... and by this share of the largest figure of their kind, which noise is made of. */
const OF_LARGEST = 2e-5;

/**
 * Compares the statistics of a tensor with its entries in float64.
 *
 * @param name Of the figure, for the error.
 * @param actual What was measured.
 * @param expected The entries, or `null` if there should be none.
 * @param largest The largest entry of all figures of the kind.
 * @param isSurelyZero Whether an entry is 0 in float32 as well. Default: if it is 0.
 */
export function compareFigure(
  name: string,
  actual: TensorStatistics | null | undefined,
  expected: readonly number[] | null,
  largest: number,
  isSurelyZero: (entry: number) => boolean = (entry) => expected![entry] === 0,
): void {
  const fail = (what: string, found: unknown, wanted: unknown) => {
    throw new Error(`${name}: ${what} is ${found}, expected ${wanted}`);
  };
  if (expected === null || actual == null) {
    if (expected !== null) fail("it", "absent", `${expected.length} entries`);
    if (actual != null) fail("it", `there (rms ${actual.rms})`, "none");
    return;
  }
  const count = expected.length;
  const mean = (of: (x: number) => number) => expected.reduce((sum, x) => sum + of(x), 0) / count;
  const average = mean((x) => x), rms = Math.sqrt(mean((x) => x * x));
  const slack = RELATIVE * rms + OF_LARGEST * largest;
  const maxAbs = Math.max(...expected.map(Math.abs));
  const wanted = {
    meanAbs: mean(Math.abs),
    rms,
    mean: average,
    std: Math.sqrt(mean((x) => (x - average) ** 2)),
  };
  if (actual.count !== count) fail("count", actual.count, count);
  if (actual.nonFinite !== 0) fail("nonFinite", actual.nonFinite, 0);
  for (const [figure, value] of Object.entries(wanted)) {
    const found = actual[figure as keyof typeof wanted];
    if (!(Math.abs(found - value) <= slack)) fail(figure, found, value);
  }
  if (!(Math.abs(actual.maxAbs - maxAbs) <= RELATIVE * maxAbs + OF_LARGEST * largest)) {
    fail("maxAbs", actual.maxAbs, maxAbs);
  }
  if (!(Math.abs(actual.l2 - rms * Math.sqrt(count)) <= slack * Math.sqrt(count))) {
    fail("l2", actual.l2, rms * Math.sqrt(count));
  }
  // A figure that is noise beside the others may be 0 or not.
  const zeros = expected.filter((x) => Math.abs(x) <= OF_LARGEST * largest).length;
  const sure = expected.filter((_, entry) => isSurelyZero(entry)).length;
  const found = Math.round(actual.zeroFraction * count);
  if (found < sure || found > zeros) {
    fail("zeroFraction", `${found} of ${count}`, `${sure} to ${zeros}`);
  }
}
