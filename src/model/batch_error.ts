import { oneLine } from "../words/one_line.ts";

/**
 * A batch file is unusable. The message is one sentence that names the file, the place in it, what was
 * found and what was expected; the stack adds nothing.
 */
export class BatchError extends Error {
  /** The class's name, for when `instanceof` cannot be used. */
  override readonly name = "BatchError";

  /**
   * Creates the error.
   *
   * @param message What and where; quotes from a file are made visible and kept on one line.
   * @param options The error behind it.
   */
  constructor(message = "", options?: ErrorOptions) {
    super(oneLine(message), options);
  }
}
