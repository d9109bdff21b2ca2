import { criticalWeightVariance } from "../ground/theory/criticality.ts";
import {
  type InitializerName,
  INITIALIZERS,
  type InitializerScheme,
  initializerStd,
} from "../ground/theory/initializers.ts";
import { InputError, refusal } from "../ground/words/input_error.ts";
import { roundTo } from "../ground/words/numbers.ts";
import { showValue } from "../ground/words/show_value.ts";
import type { ResolvedGrid } from "./grid_point.ts";
import { requireKnown } from "./study_options.ts";

/** Points of a study: every combination of these values. */
export interface StudyGrid {
  /** Factors by which the kernels are multiplied, each above 0 and finite. */
  scales: readonly number[];
  /** Draws: their number, for the seeds 0, 1, 2 ..., or the seeds themselves. Default: 1. */
  seeds?: number | readonly number[];
  /** Activations of the hidden layers by their TensorFlow.js names. Default: the model's own. */
  activations?: readonly string[];
  /** Initialisers that draw the kernels before they are scaled. Default: the model's own. */
  initializers?: readonly InitializerName[];
  /** Numbers of hidden layers. Default: the model's own. */
  depths?: readonly number[];
  /** Numbers of units of a hidden layer. Default: the model's own. */
  widths?: readonly number[];
  /**
   * Factors by which the learning rate is multiplied, each above 0 and finite, in a study that
   * trains. Default: none.
   */
  rates?: readonly number[];
}

const KEYS: Record<keyof Required<StudyGrid>, true> = {
  scales: true,
  seeds: true,
  activations: true,
  initializers: true,
  depths: true,
  widths: true,
  rates: true,
};

const MOST_POINTS = 2 ** 32;

/**
 * Completes a grid.
 *
 * @param grid The user's grid.
 * @returns The complete grid, its scales in ascending order.
 * @throws {InputError} If the grid has an unknown key, a list is not an array, or an initialiser is
 * unknown, or if a list is empty or has something twice, or a number is out of range.
 *
 * @example What is left out is the model's own
 * ```ts
 * import { resolveGrid } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const { scales, seeds, activations } = resolveGrid({ scales: [2, 1], seeds: 3 });
 * assertEquals(scales, [1, 2]);
 * assertEquals(seeds, [0, 1, 2]);
 * assertEquals(activations, [null]);
 * ```
 */
export function resolveGrid(grid: StudyGrid): ResolvedGrid {
  requireKnown("the grid", grid, Object.keys(KEYS));
  for (const name of Object.keys(KEYS) as (keyof StudyGrid)[]) {
    const value = grid[name];
    const isGiven = value !== undefined || name === "scales";
    if (isGiven && !Array.isArray(value) && !(name === "seeds" && typeof value === "number")) {
      throw new InputError({ place: name, found: showValue(value), expected: "a list" });
    }
  }
  const { seeds = 1, activations, initializers, depths, widths } = grid;
  const resolved: ResolvedGrid = {
    seeds: typeof seeds === "number" ? count("seeds", seeds) : [...seeds],
    activations: [...activations ?? [null]],
    initializers: [...initializers ?? [null]],
    depths: [...depths ?? [null]],
    widths: [...widths ?? [null]],
    scales: [...grid.scales].sort((a, b) => a - b),
  };
  if (grid.rates !== undefined) resolved.rates = [...grid.rates].sort((a, b) => a - b);
  for (const [name, values] of Object.entries(resolved)) distinct(name, values);
  each("seeds", resolved.seeds, "whole numbers", Number.isSafeInteger);
  for (const name of ["scales", "rates"] as const) {
    each(name, resolved[name] ?? [], "finite numbers above 0", (x) => x > 0 && x < Infinity);
  }
  for (const name of ["depths", "widths"] as const) {
    const given = resolved[name].filter((value) => value !== null);
    each(name, given, "whole numbers of at least 1", (n) => Number.isSafeInteger(n) && n >= 1);
  }
  for (const name of resolved.initializers) {
    if (name !== null && !INITIALIZERS.includes(name)) {
      throw new InputError(
        refusal`initializers has ${showValue(name)}, expected ${INITIALIZERS.join(", ")}`,
      );
    }
  }
  const points = Object.values(resolved).reduce((product, values) => product * values.length, 1);
  if (points > MOST_POINTS) {
    throw new InputError(refusal`The grid has ${points} points, expected at most ${MOST_POINTS}`);
  }
  return resolved;
}

function count(name: string, n: number): number[] {
  if (!Number.isSafeInteger(n) || n < 1 || n > 1e6) {
    throw new InputError(
      { place: name, found: showValue(n), expected: "a whole number from 1 to 1000000, or a list" },
    );
  }
  return Array.from({ length: n }, (_, seed) => seed);
}

function distinct(name: string, values: readonly unknown[]): void {
  if (values.length === 0) {
    throw new InputError({ place: name, found: "empty", expected: "at least one entry" });
  }
  const seen = new Set<unknown>();
  for (const value of values) {
    if (seen.has(value)) {
      throw new InputError(refusal`${name} has ${showValue(value)} twice, expected it once`);
    }
    seen.add(value);
  }
}

function each<T>(
  name: string,
  values: readonly T[],
  what: string,
  is: (value: T) => boolean,
): void {
  const wrong = values.findIndex((value) => typeof value !== "number" || !is(value));
  if (wrong === -1) return;
  throw new InputError(refusal`${name} has ${showValue(values[wrong])}, expected ${what}`);
}

/** Standard deviation of the kernels of the exercise network. */
const EXERCISE_STD = 200;

/** Networks that a sweep builds itself. */
interface BuiltNetworks {
  network: "dense" | "exercise";
  activations: readonly string[];
  /** Names of the initialisers of their kernels; empty for the network's own. */
  initializers: readonly InitializerName[];
  /** Numbers of units of a hidden layer. */
  widths: readonly number[];
}

/**
 * Adds the critical scale of each activation to the evenly spaced scales of a range. The band of
 * healthy scales of a deep network is narrow, and without that scale a range may miss it.
 *
 * @param scales The scales of the range, ascending.
 * @returns All scales, ascending; of the critical ones only those within the range, to four digits.
 */
export function withCriticalScales(
  scales: readonly number[],
  { network, activations, initializers, widths }: BuiltNetworks,
): number[] {
  const sigmas = drawnSigmas(network, initializers, widths);
  const critical = activations.flatMap((activation) => {
    const sigma = criticalSigma(activation);
    return sigma === null ? [] : sigmas.map((drawn) => roundTo(4, sigma / drawn));
  });
  const within = critical.filter((scale) => scale > scales[0] && scale < scales.at(-1)!);
  return [...new Set([...scales, ...within])].toSorted((a, b) => a - b);
}

/** Returns the standard deviations of the drawn kernels, times the root of their fan-in. */
function drawnSigmas(
  network: BuiltNetworks["network"],
  initializers: readonly InitializerName[],
  widths: readonly number[],
): number[] {
  if (initializers.length > 0) {
    return initializers.map((name) => {
      const scheme = name.replace(/Normal|Uniform/, "") as InitializerScheme;
      // Fan-in and fan-out are equal between hidden layers of one width.
      return initializerStd(scheme, { fanIn: 1, fanOut: 1 });
    });
  }
  return network === "dense" ? [1] : widths.map((width) => EXERCISE_STD * Math.sqrt(width));
}

/** Critical sigmas by activation: each takes up to 0.2 s to find. */
const CRITICAL_SIGMAS = new Map<string, number | null>();

function criticalSigma(activation: string): number | null {
  let sigma = CRITICAL_SIGMAS.get(activation);
  if (sigma === undefined) {
    sigma = findCriticalSigma(activation);
    CRITICAL_SIGMAS.set(activation, sigma);
  }
  return sigma;
}

function findCriticalSigma(activation: string): number | null {
  try {
    return Math.sqrt(criticalWeightVariance(activation));
  } catch (error) {
    // Unknown, which the study reports, or without a critical scale, such as swish.
    if (error instanceof InputError) return null;
    throw error;
  }
}
