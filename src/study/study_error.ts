/** A study that cannot be run, continued or merged: one sentence that says what and where. */
export class StudyError extends Error {
  /** The class's own name, for those who cannot use `instanceof`. */
  override readonly name = "StudyError";
}
