import { oneLine } from "../words/one_line.ts";

/** A study that cannot be run, continued or merged: one sentence that says what and where. */
export class StudyError extends Error {
  /** The class's name, for when `instanceof` cannot be used. */
  override readonly name = "StudyError";

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
