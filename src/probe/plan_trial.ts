import type { Layer } from "../engine/tensorflow.ts";
import { estimateMemory, layerWorkloads } from "../measure/estimate_memory.ts";
import { layerUses } from "../measure/layer_uses.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import type { OpenProbe } from "./open_probe.ts";
import { TELLING_EXAMPLES } from "./trial.ts";

interface TrialPlan {
  /** Number of examples to train on, the first of the batch. */
  examples: number;
  /** Number of steps of all attempts together; `Infinity` if the cost does not matter. */
  steps: number;
}

/** Request for a plan. */
export interface TrialPlanOptions {
  /** Number of steps of an attempt. */
  steps: number;
  /** Estimated duration in seconds. */
  budgetSeconds: number;
  /** True to take all steps, regardless of the cost, on at least 8 examples. */
  always: boolean;
  /** True to go on with fewer examples than prove learning. Default: false. */
  few?: boolean;
}

/** Smallest part of a batch: two examples can be told apart. */
const MIN_EXAMPLES = 2;

/** Smallest useful number of steps, unless the caller requests fewer. */
export const LEAST_STEPS = 10;

/** The same on fewer examples than prove learning: a step that diverges shows in four. */
const LEAST_STEPS_OF_FEW = 4;

/** Makes a budget of exactly ten steps fit ten steps. */
const ROUNDING = 1e-9;

/** Operations per second of the products that the workload counts, in one thread. */
const OPERATIONS_PER_SECOND = 2.5e10;

/** Products of a convolution take as long with fewer channels, in and out, as with these. */
const LEAST_CHANNELS = [2, 12];

/** Times that a product of a depthwise kernel takes as long as another. */
const DEPTHWISE = 5;

/** Besides the layers. */
const SECONDS_PER_STEP = 5e-4;

/** Besides the products, forwards and backwards. */
const SECONDS_PER_CALL = 1e-4;

/** Cost of a step of a recurrent layer, in calls of another layer. */
const CALLS_PER_CELL_STEP = 0.5;

/** Factor for a recurrent layer that skips masked steps. */
const MASKED = 3;

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
 * @param asked Number of steps and the budget.
 * @returns The plan; the estimated seconds of the shortest trial if even that does not fit.
 */
export function planTrial(
  probe: OpenProbe,
  { steps, budgetSeconds, always, few = false }: TrialPlanOptions,
): TrialPlan | { seconds: number } {
  const leastOn = (examples: number) =>
    Math.min(steps, few && examples < TELLING_EXAMPLES ? LEAST_STEPS_OF_FEW : LEAST_STEPS);
  const planOn = (examples: number) => {
    const seconds = stepSeconds(probe, examples);
    return { examples, seconds, steps: Math.floor(budgetSeconds / seconds + ROUNDING) };
  };
  // A model built for a fixed number of examples accepts no other.
  const isFixed = probe.model.inputs.some(({ shape }) => shape[0] !== null);
  const cut = (
    plan: ReturnType<typeof planOn>,
    to: number,
    enough: (examples: number) => number,
  ) => {
    while (plan.steps < enough(plan.examples) && !isFixed && plan.examples > to) {
      plan = planOn(Math.max(to, Math.ceil(plan.examples / 2)));
    }
    return plan;
  };
  let plan = cut(planOn(probe.examples), TELLING_EXAMPLES, () => steps);
  if (always) return { examples: plan.examples, steps: Infinity };
  if (few) plan = cut(plan, MIN_EXAMPLES, leastOn);
  const least = leastOn(plan.examples);
  return plan.steps >= least
    ? { examples: plan.examples, steps: plan.steps }
    : { seconds: plan.seconds * least };
}

/**
 * Estimates the seconds of a training step. Of 135 models (published programs, networks of tutorials
 * and of keras.applications) on 2 to 32 examples, it was within 0.5 to 2 times the processor time of
 * one core of a Xeon for all steps of 20 ms and more, and for 94 % of the others. Convolutions with
 * few channels were not among them: measured alone, one from 1 channel to 32 took 2.1 times the
 * seconds of its products, from 1 to 6 3.5 times, from 3 to 6 2.7 times, from 3 to 32 1.1 times, and
 * depthwise ones 5 times.
 */
export function stepSeconds(
  { model, inputs }: Pick<OpenProbe, "model" | "inputs">,
  examples: number,
): number {
  const shapes = inputs.map(({ shape: [, ...rest] }) => [examples, ...rest]);
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, leaves, containerLayers(model), shapes);
  const perStep = CALLS_PER_CELL_STEP * (leaves.some(isMasking) ? MASKED : 1);
  const calls = uses.reduce(
    (sum, { layer, input, times }) => sum + times * ("cell" in layer ? perStep * input[1] : 1),
    0,
  );
  const work = layerWorkloads(model, shapes).entries()
    .reduce((sum, [layer, operations]) => sum + operations * slowness(layer), 0);
  return SECONDS_PER_STEP + work / OPERATIONS_PER_SECOND +
    SECONDS_PER_CALL * calls +
    estimateMemory(leaves, uses) / BYTES_PER_SECOND + SECONDS_PER_WEIGHT * model.countParams();
}

/** Returns how many times as long the products of a layer take as those of wide matrices. */
function slowness(layer: Layer): number {
  if (layerTraits(layer.getClassName()).kind !== "convolution") return 1;
  const kernels = layer.weights.filter(({ originalName, shape }) =>
    isKernel({ name: originalName, shape })
  );
  const sizes = kernels.map(({ originalName, shape }) => {
    const entries = shape.reduce<number>((size, length) => size * length!, 1);
    const channels = shape.slice(-2) as number[];
    const factor = originalName.includes("depthwise")
      ? DEPTHWISE
      : channels.reduce((factor, own, i) => factor * Math.max(1, LEAST_CHANNELS[i] / own), 1);
    return { entries, slow: entries * factor };
  });
  const total = (figure: "entries" | "slow") => sizes.reduce((sum, one) => sum + one[figure], 0);
  return kernels.length === 0 ? 1 : total("slow") / total("entries");
}

function isMasking(layer: Layer): boolean {
  return layer.getClassName() === "Masking" || (layer as { maskZero?: boolean }).maskZero === true;
}
