import { WORKLOAD_WORTH_THREADS } from "../../engine/engine.ts";
import { isSwept } from "../../engine/repairs/recurrent.ts";
import type { Layer } from "../../engine/tensorflow.ts";
import { estimateMemory, estimateWorkload, layerWorkloads } from "../measure/estimate_memory.ts";
import { layerUses } from "../measure/layer_uses.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { carriesState, type OpenProbe } from "./open_probe.ts";
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

/**
 * The same on fewer examples than prove learning, and on two if no more steps fit. Steps that diverge
 * show early: of 60 such trainings of three networks on two examples, the loss is not finite after the
 * first step in 50, after the second in 6 and after the third in 4.
 */
const LEAST_STEPS_OF_FEW = 3, LEAST_STEPS_OF_TWO = 2;

/** Cost of looking at the network before the first step and after the last, in steps. */
const LOOKS = 1;

/** Makes a budget of exactly ten steps, with the looks, fit ten steps. */
const ROUNDING = 1e-9;

/** Operations per second of the products that the workload counts, in one thread. */
const OPERATIONS_PER_SECOND = 3.8e10;

/** Products of a convolution take as long with fewer channels, in and out, as with these. */
const LEAST_CHANNELS = [3, 16];

/** Times that a product of a depthwise kernel takes as long as another. */
const DEPTHWISE = 7;

/** Share of the time of other products that those of windows computed in tiles take. */
const TILED = 0.5;

/**
 * Channels, in and out, from which on windows of 3 x 3 that move by 1 are computed in tiles, if their
 * numbers are multiples of the second: as `isTiled` of `winograd_convolution.ts` asks, besides bounds
 * of the sizes.
 */
const LEAST_TILED = 64, TILED_BY = 8;

/**
 * Share of the time of one thread that products, and other work of layers, take on two cores, for a
 * pass that is worth a second thread: nearly all products and half of the rest are shared.
 */
const ON_TWO_CORES = { products: 0.53, rest: 0.75 };

/** Besides the layers. */
const SECONDS_PER_STEP = 5e-4;

/** Besides the products, forwards and backwards. */
const SECONDS_PER_CALL = 1e-4;

/** Cost of a step of a recurrent layer that is computed over whole sequences, in calls of another layer. */
const CALLS_PER_CELL_STEP = 0.2;

/** Cost of a gate in a step of one that is computed step by step. */
const CALLS_PER_GATE = 1.5;

/**
 * Bytes per second, of everything kept for the backward pass, at which layers do work other than
 * products.
 */
const BYTES_PER_SECOND = 1.2e9;

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
  probe: Pick<OpenProbe, "model" | "inputs" | "examples">,
  { steps, budgetSeconds, always, few = false }: TrialPlanOptions,
): TrialPlan | { seconds: number } {
  const leastOn = (examples: number) => {
    if (!few || examples >= TELLING_EXAMPLES) return Math.min(steps, LEAST_STEPS);
    return Math.min(steps, examples > MIN_EXAMPLES ? LEAST_STEPS_OF_FEW : LEAST_STEPS_OF_TWO);
  };
  // Attempts that fail are made again with the buffers held.
  const attempts = carriesState(probe.model) ? 2 : 1;
  const planOn = (examples: number) => {
    const seconds = attempts * stepSeconds(probe, examples);
    return { examples, seconds, steps: Math.floor(budgetSeconds / seconds + ROUNDING) - LOOKS };
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
    : { seconds: plan.seconds * (least + LOOKS) };
}

/**
 * Estimates the seconds of a training step on two cores. The costs above were chosen on 30 models
 * (tutorials on 32 examples, full-size networks of keras.applications on 2): the estimate was 0.66 to
 * 1.17 times the processor time of one thread of a Xeon, before what two cores share was taken off; of
 * 14 recurrent ones of 60 to 784 steps, some with dropout in their cells, 0.7 to 1.5 times. A custom layer
 * counts as one call: of a small transformer with its own attention, half (`bench/trial_plans.ts`).
 */
export function stepSeconds(
  probe: Pick<OpenProbe, "model" | "inputs">,
  examples: number,
): number {
  const { model, inputs } = probe;
  const { calls, products, rest } = stepWork(probe, examples);
  const whole = estimateWorkload(model, inputs.map(({ shape }) => shape));
  const { products: ofProducts, rest: ofRest } = whole < WORKLOAD_WORTH_THREADS
    ? { products: 1, rest: 1 }
    : ON_TWO_CORES;
  return calls + ofProducts * products + ofRest * rest;
}

/**
 * Estimates the seconds that the parts of a training step take in one thread: the calls of layers, the
 * products, and all other work.
 */
export function stepWork(
  { model, inputs }: Pick<OpenProbe, "model" | "inputs">,
  examples: number,
): { calls: number; products: number; rest: number } {
  const shapes = inputs.map(({ shape: [, ...rest] }) => [examples, ...rest]);
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const uses = layerUses(model, leaves, containerLayers(model), shapes);
  const calls = uses.reduce(
    (sum, { layer, input, times }) =>
      sum + times * ("cell" in layer ? callsPerStep(layer) * input[1] : 1),
    0,
  );
  const work = layerWorkloads(model, shapes).entries()
    .reduce((sum, [layer, operations]) => sum + operations * slowness(layer), 0);
  return {
    calls: SECONDS_PER_STEP + SECONDS_PER_CALL * calls,
    products: work / OPERATIONS_PER_SECOND,
    rest: estimateMemory(leaves, uses) / BYTES_PER_SECOND +
      SECONDS_PER_WEIGHT * model.countParams(),
  };
}

/**
 * Returns the time of a layer's products relative to that of equally large products of wide
 * matrices.
 */
function slowness(layer: Layer): number {
  if (layerTraits(layer.getClassName()).kind !== "convolution") return 1;
  const kernels = layer.weights.filter(({ originalName, shape }) =>
    isKernel({ name: originalName, shape })
  );
  const sizes = kernels.map(({ originalName, shape }) => {
    const entries = shape.reduce<number>((size, length) => size * length!, 1);
    const factor = originalName.includes("depthwise")
      ? DEPTHWISE
      : slownessOf(layer, shape as number[]);
    return { entries, slow: entries * factor };
  });
  const total = (figure: "entries" | "slow") => sizes.reduce((sum, one) => sum + one[figure], 0);
  return kernels.length === 0 ? 1 : total("slow") / total("entries");
}

/** Returns the same for a kernel of a convolution. */
function slownessOf(layer: Layer, shape: readonly number[]): number {
  const [height, width, ...channels] = shape;
  const { strides = [], dilationRate = [] } = layer as {
    strides?: number[];
    dilationRate?: number[];
  };
  const isTiled = channels.length === 2 && height === 3 && width === 3 &&
    [strides, dilationRate].flat().every((step) => step === 1) &&
    channels.every((own) => own >= LEAST_TILED && own % TILED_BY === 0);
  if (isTiled) return TILED;
  return shape.slice(-2).reduce(
    (factor, own, i) => factor * Math.max(1, LEAST_CHANNELS[i] / own),
    1,
  );
}

/** Returns the calls that a step of a recurrent layer costs in training. */
function callsPerStep(layer: Layer): number {
  const { cell } = layer as unknown as { cell: { dropout?: number; recurrentDropout?: number } };
  const { dropout = 0, recurrentDropout = 0 } = cell;
  if (isSwept(cell) && dropout === 0 && recurrentDropout === 0) return CALLS_PER_CELL_STEP;
  const gates = layer.weights.filter(({ originalName }) => originalName.includes("recurrent"))
    .reduce((sum, { shape }) => sum + shape.at(-1)! / shape.at(-2)!, 0);
  return CALLS_PER_GATE * Math.max(1, gates);
}
