import { oneLine } from "../words/one_line.ts";

/**
 * The batch file is unusable. The message is one sentence that names the file, the place in it, the
 * value found and the one expected; the stack adds nothing.
 */
export class BatchError extends Error {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "BatchError";

  /**
   * Creates the error.
   *
   * @param message Problem and place; quotes from a file are made visible and kept on one line.
   * @param options Underlying error.
   */
  constructor(message = "", options?: ErrorOptions) {
    super(oneLine(message), options);
  }
}
