/**
 * Limit on the resources for reading an untrusted file: bytes of memory, or bytes that are read.
 * Parts of a file can be referenced many times, so the size of the file alone limits neither.
 */
export class Budget {
  #left: number;
  readonly #refuse: () => Error;

  /**
   * @param most Amount that may be spent.
   * @param refuse Makes the error for spending more.
   */
  constructor(most: number, refuse: () => Error) {
    this.#left = most;
    this.#refuse = refuse;
  }

  /** Spends a part; throws if less than that is left. */
  spend(amount: number): void {
    this.#left -= amount;
    if (!(this.#left >= 0)) throw this.#refuse();
  }
}
