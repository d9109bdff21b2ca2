import type { Heap } from "../../engine/heap/heap.ts";
import { isKerasOptimizer } from "../../engine/optimizers/keras_optimizer.ts";
import type { LayersModel, Optimizer } from "../../engine/tensorflow.ts";
import { optimizerOf } from "../measure/training_facts.ts";
import {
  OPTIMIZERS,
  readSetting,
  unusualSettings,
  type UsualRates,
  usualRates,
} from "../../ground/traits/optimizers.ts";
import {
  adam,
  type AdamOptions,
  disposeOptimizer,
  freshOptimizer,
  givenOptimizer,
  type Update,
  updateOf,
} from "./training_step.ts";

/** Optimizer at one learning rate. */
export interface Rung {
  /** Class name of the optimizer. */
  optimizer: string;
  /** Learning rate; `null` if it has none that is known. */
  learningRate: number | null;
  /** True if it was compiled or requested with this rate. */
  given: boolean;
  /** Returns a fresh one, without state. */
  make(): { update: Update; dispose(): void };
}

/**
 * Rates at which Adam is tried, the likeliest first. Of 271 networks, all that trained did so at
 * 1e-3, 1e-2 or, seldom, 3e-4; 40 steps at 3e-3 predicted best which networks would train.
 */
const ADAM_RATES: readonly number[] = [3e-3, 1e-2, 1e-3];

/** Factors on the rate of another optimizer if its own rate fails. */
const FACTORS: readonly number[] = [10, 0.1];

/**
 * Rates at which plain descent is tried on an uncompiled model with one kernel: it solves a linear
 * regression, whereas Adam, which moves a bias by its rate in each step, does not reach targets of
 * 25 in 120 steps.
 */
const LINEAR_RATES: readonly number[] = [1e-2, 1e-1];

/**
 * Returns the optimizers to try, in order: the requested or compiled one as it is, and at a higher
 * and a lower rate if it is not Adam; then Adam; then plain descent, if none is given and the model
 * is linear. No rate appears twice.
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
      .map((learningRate) => adamRung(heap, { learningRate })),
    ...given === null && isLinear(model)
      ? LINEAR_RATES.map((learningRate) => descentRung(heap, learningRate))
      : [],
  ];
}

/** Returns true if a model has one kernel, and so no hidden layer. */
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
  const { rate, rung } = ownRung(heap, given);
  const isAdam = given.getClassName() === "Adam";
  const others = rate === null || isAdam ? [] : FACTORS.map((factor) => rung(rate * factor));
  return [{ ...rung(rate), given: true }, ...others];
}

/** Returns the rate of an optimizer, and a function that returns it at another one. */
function ownRung(heap: Heap, given: Optimizer): {
  rate: number | null;
  rung: (learningRate: number | null) => Rung;
} {
  const config = given.getConfig() as { learningRate?: unknown };
  const rate = typeof config.learningRate === "number" ? config.learningRate : null;
  const isNative = isPlainAdam(given);
  const isKeras = isKerasOptimizer(given) && readSetting(config, "addsEpsilonLast") !== true;
  const rung = (learningRate: number | null): Rung => {
    if (isNative && learningRate !== null) {
      return adamRung(heap, { ...config, learningRate, isKeras });
    }
    return {
      optimizer: given.getClassName(),
      learningRate,
      given: false,
      make() {
        // Forty steps would end before a warm-up does.
        const settings = { skipsWarmUp: true, ...learningRate === null ? {} : { learningRate } };
        const optimizer = freshOptimizer(given, settings);
        return { update: updateOf(optimizer), dispose: () => disposeOptimizer(optimizer) };
      },
    };
  };
  return { rate, rung };
}

/** Optimizer of a model at rates of choice. */
interface ChosenOptimizer {
  /** Class name. */
  name: string;
  /** Learning rate that it was compiled with; `null` if it has none that is known. */
  rate: number | null;
  /** Returns it at a rate, `null` for its own. */
  at(rate: number | null): Rung;
}

/** Returns the compiled optimizer of a model; Adam at this rate if there is none. */
export function compiledOptimizer(
  heap: Heap,
  model: LayersModel,
  otherwise: number,
): ChosenOptimizer {
  const given = givenOptimizer(model, undefined);
  if (given === null) {
    return {
      name: "Adam",
      rate: otherwise,
      at: (rate) => adamRung(heap, { learningRate: rate ?? otherwise }),
    };
  }
  const { rate, rung } = ownRung(heap, given);
  return { name: given.getClassName(), rate, at: (other) => rung(other ?? rate) };
}

/** A ladder goes on by this factor beyond the usual rates of an optimizer. */
const BEYOND = 10;

/** Steps of a ladder within a decade. */
const DIGITS: readonly number[] = [1, 3];

/** Two rates that differ by less than this share are the same. */
const SAME_RATE = 1e-6;

/**
 * Returns the rates of a ladder in ascending order: 1 and 3 times each power of ten, from a tenth
 * of the least usual rate to ten times the largest.
 */
export function ladderRates({ least, most }: Pick<UsualRates, "least" | "most">): number[] {
  const from = least / BEYOND * (1 - SAME_RATE);
  const to = most * BEYOND * (1 + SAME_RATE);
  const rates: number[] = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power++) {
    rates.push(...DIGITS.map((digit) => Number(`${digit}e${power}`)));
  }
  return rates.filter((rate) => rate >= from && rate <= to);
}

/**
 * Returns the requested or compiled optimizer at a ladder of rates, its own rate among them; if
 * there is none, Adam and plain descent.
 *
 * @returns The rungs, from the lowest rate to the highest; none if the optimizer has no rate.
 */
export function rateLadder(heap: Heap, model: LayersModel, asked: Optimizer | undefined): Rung[] {
  const given = givenOptimizer(model, asked);
  if (given === null) {
    return [
      ...ladderRates(OPTIMIZERS.Adam.usual)
        .map((learningRate) => adamRung(heap, { learningRate })),
      ...ladderRates(OPTIMIZERS.SGD.usual).map((learningRate) => descentRung(heap, learningRate)),
    ];
  }
  const { rate, rung } = ownRung(heap, given);
  if (rate === null) return [];
  const { optimizer } = optimizerOf({ optimizer: given });
  const around = { least: Math.abs(rate) / BEYOND, most: Math.abs(rate) * BEYOND };
  const isOwn = (other: number) => Math.abs(other / rate - 1) < SAME_RATE;
  const others = ladderRates(usualRates(optimizer!) ?? around).filter((other) => !isOwn(other));
  return [...others, rate].toSorted((a, b) => a - b).map((one) => ({
    ...rung(one),
    given: one === rate,
  }));
}

/** Returns true for an Adam whose settings the native one supports. */
function isPlainAdam(given: Optimizer): boolean {
  if (given.getClassName() !== "Adam") return false;
  const config = given.getConfig() as object;
  const settings = Object.keys(unusualSettings("Adam", config) ?? {});
  return readSetting(config, "schedule") === undefined &&
    settings.every((name) => ["beta1", "beta2", "epsilon", "addsEpsilonLast"].includes(name));
}

function adamRung(heap: Heap, options: AdamOptions): Rung {
  const { learningRate } = options;
  return { optimizer: "Adam", learningRate, given: false, make: () => adam(heap, options) };
}
