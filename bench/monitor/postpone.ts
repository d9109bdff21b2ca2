import { FIRST_STEPS, WatchBudget } from "../../src/training/monitor/watch_budget.ts";
import type { TrainingStep } from "../../src/training/training_step.ts";

/** Milliseconds of a network's training step, and of the monitor's work on it. */
export interface Costs {
  train: number;
  begin: number;
  step: number;
  judge: number;
  again: number;
  pass: number;
}

/**
 * Costs of the convnet of `overhead.ts`, with a held-out batch as large as those of its steps: a pass over four
 * times as many examples takes 130.
 */
export const CONVNET: Costs = {
  train: 24,
  begin: 150,
  step: 0.3,
  judge: 0.15,
  again: 10,
  pass: 33,
};

/** Steps after which a monitor wants a pass, if they were recorded. */
const PASSES: readonly number[] = [1, 2, 5, 10, 20, 50, 65, 80, 100, 130, 160];

/**
 * Removes the signals of a recorded training that its monitor would not have measured, since its
 * budget had not paid for them. A pass that is put off is made at the next one that was recorded.
 *
 * @param rows The recorded steps.
 * @param training Costs of its steps, and number of steps that it was to have; `null` if it is not known.
 */
export function postponed(
  rows: readonly TrainingStep[],
  { costs, steps }: { costs: Costs; steps: number | null },
): TrainingStep[] {
  let time = 0;
  const budget = new WatchBudget({ share: 0.05, now: () => time });
  budget.steps = steps;
  const work = (kind: Parameters<WatchBudget["charge"]>[0], cost: number) => {
    time += cost;
    budget.charge(kind, cost);
  };
  work("pass", costs.pass);
  work("other", costs.begin - costs.pass);
  budget.resume();
  let owes = false;
  return rows.map((row) => {
    const { step } = row;
    if (step === 0) return row;
    const isActive = step <= FIRST_STEPS || budget.affordsStep();
    const isAgain = budget.affordsLook();
    time += costs.train;
    if (isActive) work("step", costs.step);
    if (isAgain) work("again", costs.again);
    budget.endStep((isActive ? costs.step : 0) + (isAgain ? costs.again : 0));
    owes ||= PASSES.includes(step);
    const isPassed = owes && typeof row.validationLoss === "number" && budget.affordsPass();
    if (isPassed) work("pass", costs.pass);
    work("judge", costs.judge);
    owes &&= !isPassed;
    budget.resume();
    return kept(row, { isActive, isAgain, isPassed });
  });
}

function kept(
  row: TrainingStep,
  { isActive, isAgain, isPassed }: Record<"isActive" | "isAgain" | "isPassed", boolean>,
): TrainingStep {
  const { step, loss, learningRate, badExamples, nonFinite } = row;
  const { validationLoss, penalty } = row;
  const known = { step, loss, learningRate, badExamples, nonFinite };
  const signals = isActive ? row : known;
  return {
    ...signals,
    decreaseRatio: isAgain ? row.decreaseRatio : null,
    validationLoss: isPassed ? validationLoss : null,
    penalty: isPassed ? penalty : null,
    layers: (row.layers ?? []).map(({ layer, updateRatio, ...passed }) => ({
      layer,
      updateRatio: isActive ? updateRatio : null,
      ...isPassed ? passed : {},
    })),
  };
}
