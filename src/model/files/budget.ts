/**
 * Bounds what reading an untrusted file may take: bytes of memory, or bytes that are looked at. Parts of a file can be
 * named many times, so that the size of the file alone bounds neither.
 */
export class Budget {
  #left: number;
  readonly #refuse: () => Error;

  /**
   * @param most What may be spent.
   * @param refuse Makes the error for spending more.
   */
  constructor(most: number, refuse: () => Error) {
    this.#left = most;
    this.#refuse = refuse;
  }

  /** Spends a part, and throws if that much is not left. */
  spend(amount: number): void {
    this.#left -= amount;
    if (!(this.#left >= 0)) throw this.#refuse();
  }
}
