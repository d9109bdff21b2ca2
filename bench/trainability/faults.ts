import type { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { DATA_FAULTS } from "./faults/data.ts";
import { HEAD_FAULTS } from "./faults/head.ts";
import { SHAPE_FAULTS } from "./faults/shape.ts";
import { TRAINING_FAULTS } from "./faults/training.ts";
import { WEIGHT_FAULTS } from "./faults/weights.ts";
import type { Plan } from "./plan.ts";

/** Something that may be wrong with a network. */
export interface Fault {
  name: string;
  /** Probability relative to a fault of weight 1. */
  weight: number;
  /** Returns true if the fault can occur in the network. */
  fits(plan: Plan): boolean;
  /** Puts it in, at a strength that is drawn. Returns that strength in words. */
  apply(plan: Plan, random: SeededRandom): string;
}

/** Every fault, by what it is about. */
export const FAULTS: readonly Fault[] = [
  ...WEIGHT_FAULTS,
  ...SHAPE_FAULTS,
  ...HEAD_FAULTS,
  ...DATA_FAULTS,
  ...TRAINING_FAULTS,
];

/** Puts one fault into a plan that it does not have yet. */
export function addFault(plan: Plan, random: SeededRandom): void {
  const fitting = FAULTS.filter(({ name, fits }) =>
    fits(plan) && !plan.faults.some((fault) => fault.startsWith(name))
  );
  const total = fitting.reduce((sum, { weight }) => sum + weight, 0);
  let share = total * random.uniform();
  const fault = fitting.find(({ weight }) => (share -= weight) < 0) ?? fitting[0];
  plan.faults.push(`${fault.name}: ${fault.apply(plan, random)}`);
}
