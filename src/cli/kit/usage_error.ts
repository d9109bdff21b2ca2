/** Error for a command line that cannot be run. */
export class UsageError extends Error {
  /** @param message One sentence: what was found and what was expected. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
