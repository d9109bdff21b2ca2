import type { Chance } from "./chance.ts";

/** One kind of input that is made up by chance, and what must hold of whatever comes of it. */
export interface FuzzTarget {
  /** What `deno task fuzz NAME` runs. */
  name: string;
  /** What is made up, and what must hold. One sentence. */
  about: string;
  /** How many cases run with the tests, where the time is short. Default 50. */
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
