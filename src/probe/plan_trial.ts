import { estimateMemory, estimateWorkload } from "../measure/estimate_memory.ts";
import { layerUses } from "../measure/layer_uses.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import type { OpenProbe } from "./open_probe.ts";

/** Size of a trial. */
export interface TrialPlan {
  /** Number of examples to train on, the first of the batch. */
  examples: number;
  /** Number of steps of all attempts together. */
  steps: number;
}

const MIN_EXAMPLES = 8;

/** Smallest useful number of steps, unless the caller requests fewer. */
export const LEAST_STEPS = 10;

/** Makes a budget of exactly ten steps fit ten steps. */
const ROUNDING = 1e-9;

/** Operations per second of the products that the workload counts, in one thread. */
const OPERATIONS_PER_SECOND = 2e10;

/** Besides the layers. */
const SECONDS_PER_STEP = 5e-4;

/** Besides the products, forwards and backwards. */
const SECONDS_PER_CALL = 1e-4;

/** Cost of a step of a recurrent layer, in calls of another layer. */
const CALLS_PER_CELL_STEP = 0.5;

/**
 * Bytes per second, of everything kept for the backward pass, at which layers do work other than
 * products.
 */
const BYTES_PER_SECOND = 4e9;

/** Share of an update. */
const SECONDS_PER_WEIGHT = 5e-9;

/**
 * Plans a trial by the estimated work: as many steps as fit the budget, on fewer examples if a step
 * on all of them is too expensive. The work is estimated, not measured, so that a trial is the same
 * on every machine.
 *
 * @param probe The model and the batch.
 * @param asked Number of steps of an attempt, the budget in seconds, and whether to train
 * regardless of the cost.
 * @returns The plan; the estimated seconds of the shortest trial if even that does not fit.
 */
export function planTrial(
  probe: OpenProbe,
  { steps, budgetSeconds, always }: { steps: number; budgetSeconds: number; always: boolean },
): TrialPlan | { seconds: number } {
  const least = Math.min(steps, LEAST_STEPS);
  // A model built for a fixed number of examples accepts no other.
  const isFixed = probe.model.inputs.some(({ shape }) => shape[0] !== null);
  let { examples } = probe;
  for (;;) {
    const seconds = stepSeconds(probe, examples);
    const affordable = Math.floor(budgetSeconds / seconds + ROUNDING);
    const canShrink = !isFixed && examples > MIN_EXAMPLES;
    if (affordable < steps && canShrink) {
      examples = Math.max(MIN_EXAMPLES, Math.ceil(examples / 2));
    } else if (affordable >= least || always) {
      return { examples, steps: Math.max(affordable, least) };
    } else {
      return { seconds: seconds * least };
    }
  }
}

/**
 * Estimates the seconds of a training step. Of eight networks (dense, convolutional, recurrent, residual), on 8 and on
 * 32 examples, the estimate was 0.7 to 2.2 times the CPU time on one core of a Xeon.
 */
export function stepSeconds(
  { model, inputs }: Pick<OpenProbe, "model" | "inputs">,
  examples: number,
): number {
  const shapes = inputs.map(({ shape: [, ...rest] }) => [examples, ...rest]);
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, leaves, containerLayers(model), shapes);
  const calls = uses.reduce(
    (sum, { layer, input, times }) =>
      sum + times * ("cell" in layer ? CALLS_PER_CELL_STEP * input[1] : 1),
    0,
  );
  return SECONDS_PER_STEP + estimateWorkload(model, shapes) / OPERATIONS_PER_SECOND +
    SECONDS_PER_CALL * calls +
    estimateMemory(leaves, uses) / BYTES_PER_SECOND + SECONDS_PER_WEIGHT * model.countParams();
}
