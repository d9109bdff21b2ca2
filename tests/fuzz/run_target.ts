import { Chance } from "./chance.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** Cases of a target, and the time for them. */
export interface FuzzRun {
  seed: number;
  /** The index of the first case. */
  from: number;
  /** Largest number of cases. */
  cases: number;
  /** No case begins later than this many seconds after the first. */
  seconds: number;
}

/** A case that went wrong. */
export interface FuzzFailure {
  index: number;
  error: Error;
}

/** Result of a run. */
export interface FuzzResult {
  tried: number;
  failures: FuzzFailure[];
}

/** Runs cases of one target, all of them even if some fail. */
export async function runTarget(
  target: FuzzTarget,
  { seed, from, cases, seconds }: FuzzRun,
  onFailure: (failure: FuzzFailure) => void = () => {},
): Promise<FuzzResult> {
  await using open = await target.open();
  const failures: FuzzFailure[] = [];
  const end = performance.now() + 1000 * seconds;
  let tried = 0;
  while (tried < cases && performance.now() < end) {
    const index = from + tried++;
    try {
      await open.tryOne(new Chance(seed, target.name, index));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(`threw ${thrown}`);
      failures.push({ index, error });
      onFailure({ index, error });
    }
  }
  return { tried, failures };
}
