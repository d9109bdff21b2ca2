import type { Optimizer } from "../engine/tensorflow.ts";

/** Optimizer whose rate is a field; plain descent keeps a tensor of it, too. */
interface WithRate {
  learningRate?: number;
  setLearningRate?: (rate: number) => void;
}

/** Returns the learning rate of an optimizer; `null` if it has none. */
export function rateOf(optimizer: Optimizer): number | null {
  const { learningRate } = optimizer.getConfig() as { learningRate?: unknown };
  return typeof learningRate === "number" ? learningRate : null;
}

/**
 * Keeps a rate lowered while a schedule sets it: a schedule that computes each rate from the step
 * does not know that it was lowered.
 */
export class LoweredRate {
  readonly #optimizer: Optimizer;
  /** Rate now over that of the schedule. */
  #factor = 1;
  /** Latest rate of the schedule, and what it was lowered to. */
  #scheduled = NaN;
  #own = NaN;

  /** Begins at the rate of the optimizer. */
  constructor(optimizer: Optimizer) {
    this.#optimizer = optimizer;
  }

  /** Notes that the rate was lowered. */
  lower(from: number, to: number): void {
    if (this.#factor === 1) this.#scheduled = from;
    this.#factor *= to / from;
    this.#own = to;
  }

  /** Lowers a rate that a schedule has set since the latest update. */
  apply(): void {
    const rate = rateOf(this.#optimizer);
    if (this.#factor === 1 || rate === null || rate === this.#own) return;
    // A schedule that multiplies the present rate stays near it.
    const isAbsolute = distance(rate, this.#scheduled) < distance(rate, this.#own);
    this.#scheduled = isAbsolute ? rate : rate / this.#factor;
    this.#own = this.#scheduled * this.#factor;
    if (!isAbsolute) return;
    const optimizer = this.#optimizer as unknown as WithRate;
    optimizer.learningRate = this.#own;
    optimizer.setLearningRate?.(this.#own);
  }
}

const distance = (a: number, b: number): number => Math.abs(Math.log(a / b));
