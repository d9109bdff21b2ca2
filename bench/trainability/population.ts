/**
 * The population of the benchmark: networks by seed. It was written before any verdict on it was looked
 * at, and is not to be changed afterwards: its truth would have to be trained again.
 *
 * @module
 */
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { addFault } from "./faults.ts";
import { focusPlan } from "./focus.ts";
import type { Plan } from "./plan.ts";
import { sensiblePlan } from "./sensible.ts";

/** Raised whenever a seed means another network. */
export const POPULATION_VERSION = 1;

/** Number of seeds in the benchmark, which start at 0. */
export const POPULATION_SIZE = 700;

/** Shares of networks with one fault and with two; the others are sensible. */
const ONE = 0.4;
const TWO = 0.2;

/** The network of a seed: a pure function of it. Some seeds beyond this population are of a small one. */
export function planOf(seed: number): Plan {
  const focused = focusPlan(seed);
  if (focused !== null) return focused;
  const random = new SeededRandom(seed, "trainability");
  const share = random.uniform();
  const plan = sensiblePlan(seed, random);
  if (share < ONE + TWO) addFault(plan, random);
  if (share < TWO) addFault(plan, random);
  return plan;
}
