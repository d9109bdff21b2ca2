import type { Chance } from "./chance.ts";

/** Kind of random input, and what must hold of every result. */
export interface FuzzTarget {
  /** Name for `deno task fuzz NAME`. */
  name: string;
  /** Random part, and what must hold. One sentence. */
  about: string;
  /** Number of cases that run with the tests, where time is short. Default 50. */
  shortRun?: number;
  /**
   * Prepares what the cases share, an engine or a folder of files.
   *
   * @returns One case. It throws if what must hold does not; anything that it throws counts.
   */
  open(): Promise<FuzzCases>;
}

/** The cases of an open target. */
export interface FuzzCases extends AsyncDisposable {
  /** Makes one case up from the chance that it is given, and nothing else, and tries it. */
  tryOne(chance: Chance): Promise<void> | void;
}
