import { oneLine } from "../words/one_line.ts";

/**
 * A batch file is unusable. The message is one sentence that names the file, the place in it, what was
 * found and what was expected; there is nothing more to learn from the stack.
 */
export class BatchError extends Error {
  /** The class's own name, for those who cannot use `instanceof`. */
  override readonly name = "BatchError";

  /**
   * Makes one.
   *
   * @param message What and where; what it quotes of a file is made visible and kept on one line.
   * @param options The error behind it.
   */
  constructor(message = "", options?: ErrorOptions) {
    super(oneLine(message), options);
  }
}
