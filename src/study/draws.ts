/**
 * A figure over the draws of a cell, 8 bytes each: a JavaScript array takes twice that while it
 * grows.
 */
export class Draws {
  readonly #most: number;
  #values = new Float64Array(0);
  #count = 0;

  /** @param most Maximum number of draws: the number of seeds of the grid. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds the figure of a draw. */
  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(
        Math.max(this.#count + 1, Math.min(2 * this.#count, this.#most)),
      );
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  /** Returns the figures in the order in which they were added. */
  toArray(): number[] {
    return [...this.#values.subarray(0, this.#count)];
  }
}
