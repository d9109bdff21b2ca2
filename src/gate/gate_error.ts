import { oneLine } from "../words/one_line.ts";

/**
 * Error for a configuration or a baseline that cannot be used. The message is one sentence with the
 * place.
 */
export class GateError extends Error {
  /**
   * Creates the error.
   *
   * @param message File and place, what was found, and what was expected.
   */
  constructor(message: string) {
    super(oneLine(message));
    this.name = "GateError";
  }
}
