import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import type { OptimizerName } from "../trainability/optimizers.ts";
import type { Plan } from "../trainability/plan.ts";
import { sensiblePlan } from "../trainability/sensible.ts";

/** Rates of each optimizer, from far too low to far too high. */
const LADDERS: Partial<Record<OptimizerName, readonly number[]>> = {
  sgd: [1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3, 10],
  momentum: [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3],
  adam: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 0.03, 0.1, 0.3, 1],
};

/** Network of a seed, its optimizer, and the rates it is trained at. */
export interface Drawn {
  plan: Plan;
  optimizer: OptimizerName;
  rates: readonly number[];
}

/** Seeds of these networks do not meet those of the population of verdicts. */
const FIRST_SEED = 500_000;

/** Returns the network of a seed; `null` if it is too expensive to be trained twenty times. */
export function drawnOf(seed: number): Drawn | null {
  const random = new SeededRandom(seed, "monitor");
  const plan = sensiblePlan(FIRST_SEED + seed, random);
  const share = random.uniform();
  const optimizer = share < 0.35 ? "sgd" : share < 0.55 ? "momentum" : "adam";
  return isCheap(plan) ? { plan, optimizer, rates: LADDERS[optimizer]! } : null;
}

function isCheap({ family, depth, width, cell }: Plan): boolean {
  switch (family) {
    case "convolutional":
      return depth <= 2 && width <= 6;
    case "autoencoder":
      return depth <= 1 && width <= 64;
    case "recurrent":
      return cell === "simpleRNN" && depth <= 1;
    case "attention":
      return depth <= 1;
    case "residual":
      return depth <= 2 && width <= 32;
    default:
      return depth * width <= 144;
  }
}
