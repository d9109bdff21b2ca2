import { oneLine } from "../words/one_line.ts";

/** A study that cannot be run, continued or merged: one sentence that says what and where. */
export class StudyError extends Error {
  /** The class's own name, for those who cannot use `instanceof`. */
  override readonly name = "StudyError";

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
