import { oneLine } from "../words/one_line.ts";

/** A model that cannot be measured, with one sentence that names the layer and the reason. */
export class MeasureError extends Error {
  /**
   * Makes the error.
   *
   * @param message The sentence.
   * @param options The underlying error, as `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
    this.name = "MeasureError";
  }
}
