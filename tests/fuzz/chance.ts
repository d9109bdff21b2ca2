import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";

/** Source of random cases: the same seed and index give the same case on every machine. */
export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number, target: string, index: number) {
    this.#random = new SeededRandom(seed, `fuzz ${target} ${index}`);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#random.uniform();
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Returns one of the values. */
  one<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)];
  }

  /** From `least` to `most` values, each made by `make`. */
  list<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.integer(least, most) }, (_, index) => make(index));
  }

  /** Near a standard normal: the sum of 12 uniforms. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.uniform();
    return sum;
  }
}
