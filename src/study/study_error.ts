import { oneLine } from "../words/one_line.ts";

/**
 * Error for a study that cannot be run, continued or merged: one sentence with the problem and its
 * place.
 */
export class StudyError extends Error {
  /** Class name, for code that cannot use `instanceof`. */
  override readonly name = "StudyError";

  /**
   * Creates the error.
   *
   * @param message The problem and its place; quotes from a file are made visible and kept on one
   * line.
   * @param options The cause of the error.
   */
  constructor(message = "", options?: ErrorOptions) {
    super(oneLine(message), options);
  }
}
