import type { Heap } from "../engine/heap.ts";
import { isKerasOptimizer } from "../engine/optimizers/keras_optimizer.ts";
import type { LayersModel, Optimizer } from "../engine/tensorflow.ts";
import { readSetting, unusualSettings } from "../traits/optimizers.ts";
import { adam, type AdamOptions } from "./adam.ts";
import {
  disposeOptimizer,
  freshOptimizer,
  givenOptimizer,
  type Update,
  updateOf,
} from "./training_step.ts";

/** An optimizer at one rate, to be tried. */
export interface Rung {
  /** Its class name. */
  optimizer: string;
  /** Its learning rate; `null` where it has none that is known. */
  learningRate: number | null;
  /** Whether it was compiled or asked for as it is. */
  given: boolean;
  /** Makes a new one, which has seen nothing yet. */
  make(): { update: Update; dispose(): void };
}

/**
 * Rates at which Adam is tried, the likeliest first. Of 271 networks each that trained did so at 1e-3, 1e-2
 * or, seldom, 3e-4, and 40 steps at 3e-3 told best which would.
 */
const ADAM_RATES: readonly number[] = [3e-3, 1e-2, 1e-3];

/** What the rate of another optimizer is multiplied by where it does not do. */
const FACTORS: readonly number[] = [10, 0.1];

/**
 * Rates at which plain descent is tried on a model of one kernel that was not compiled: it solves a linear regression,
 * and Adam, which moves a bias by its rate in each step, does not come to targets of 25 in 120 steps.
 */
const LINEAR_RATES: readonly number[] = [1e-2, 1e-1];

/**
 * What is tried, in this order: the optimizer that was asked for or compiled, as it is, and at a higher and
 * a lower rate if it is not Adam; then Adam; then plain descent, if none is given and the model is linear. No rate
 * twice.
 */
export function rungs(heap: Heap, model: LayersModel, asked: Optimizer | undefined): Rung[] {
  const given = givenOptimizer(model, asked);
  const own = given === null ? [] : ownRungs(heap, given);
  const isTried = (rate: number) =>
    own.some(({ optimizer, learningRate }) =>
      optimizer === "Adam" && Math.abs(learningRate! / rate - 1) < 1e-6
    );
  return [
    ...own,
    ...ADAM_RATES.filter((rate) => !isTried(rate))
      .map((learningRate) => adamRung(heap, { learningRate }, false)),
    ...given === null && isLinear(model)
      ? LINEAR_RATES.map((learningRate) => descentRung(heap, learningRate))
      : [],
  ];
}

/** Whether a model has one kernel, so that it has no hidden layer. */
function isLinear(model: LayersModel): boolean {
  return model.trainableWeights.filter(({ shape }) => shape.length > 1).length === 1;
}

function descentRung({ tf }: Heap, learningRate: number): Rung {
  return {
    optimizer: "SGD",
    learningRate,
    given: false,
    make() {
      const optimizer = tf.train.sgd(learningRate);
      return { update: updateOf(optimizer), dispose: () => disposeOptimizer(optimizer) };
    },
  };
}

function ownRungs(heap: Heap, given: Optimizer): Rung[] {
  const config = given.getConfig() as { learningRate?: unknown };
  const rate = typeof config.learningRate === "number" ? config.learningRate : null;
  const isNative = isPlainAdam(given);
  const isKeras = isKerasOptimizer(given);
  const rung = (learningRate: number | null, isGiven: boolean): Rung => {
    if (isNative && learningRate !== null) {
      return adamRung(heap, { ...config, learningRate, isKeras }, isGiven);
    }
    return {
      optimizer: given.getClassName(),
      learningRate,
      given: isGiven,
      make() {
        // Forty steps would not see the end of a warm-up.
        const settings = { skipsWarmUp: true, ...learningRate === null ? {} : { learningRate } };
        const optimizer = freshOptimizer(given, settings);
        return { update: updateOf(optimizer), dispose: () => disposeOptimizer(optimizer) };
      },
    };
  };
  const isAdam = given.getClassName() === "Adam";
  const others = rate === null || isAdam ? [] : FACTORS.map((factor) => rung(rate * factor, false));
  return [rung(rate, true), ...others];
}

/** True for an Adam whose settings the native one has. */
function isPlainAdam(given: Optimizer): boolean {
  if (given.getClassName() !== "Adam") return false;
  const config = given.getConfig() as object;
  const settings = Object.keys(unusualSettings("Adam", config) ?? {});
  return readSetting(config, "schedule") === undefined &&
    settings.every((name) => ["beta1", "beta2", "epsilon"].includes(name));
}

function adamRung(heap: Heap, options: AdamOptions, given: boolean): Rung {
  const { learningRate } = options;
  return { optimizer: "Adam", learningRate, given, make: () => adam(heap, options) };
}
