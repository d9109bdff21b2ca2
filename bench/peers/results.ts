import type { Comparison } from "./compare_figures.ts";

/** A tool cannot do a network: why not. */
export interface Unable {
  unable: string;
}

/** Figures that were taken several times. */
export interface Times {
  least: number;
  median: number;
}

/** The whole process, from the command to its printed figures. */
export interface Cold extends Times {
  /** Median of the most memory held at once, in MiB. */
  peak: number;
}

/** Passes in a process that runs already, in milliseconds. */
export interface Warm {
  figures: Times;
  bare: Times;
}

/** A size of the dense network, and the median seconds of both whole processes. */
export interface Sized {
  operations: number;
  tool: number;
  torch: number;
}

/** By network, then by tool. */
type ByNetwork<T> = Record<string, Record<string, T | Unable>>;

/** Results of `deno task bench:peers`; each section is replaced when it is run again. */
export interface Results {
  machine?: string;
  /** Versions of each tool and of its parts. */
  versions?: Record<string, Record<string, string>>;
  figures?: ByNetwork<Comparison>;
  cold?: { rounds: number; by: ByNetwork<Cold> };
  /** By the number of threads. */
  warm?: { rounds: number; by: Record<string, ByNetwork<Warm>> };
  crossover?: { rounds: number; sizes: Sized[] };
  /** MiB by what is installed. */
  installed?: Record<string, number>;
}

/** Path of the results. */
export const RESULTS: URL = new URL("results.json", import.meta.url);

/** Returns true if a tool cannot do it. */
export const isUnable = (value: object): value is Unable => "unable" in value;

/** Reads what was measured before; nothing if there is nothing. */
export function readResults(): Results {
  try {
    return JSON.parse(Deno.readTextFileSync(RESULTS));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
