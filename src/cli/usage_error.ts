/** A command line that cannot be carried out. */
export class UsageError extends Error {
  /** @param message One sentence: what was found and what was expected. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
