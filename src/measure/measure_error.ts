import { oneLine } from "../words/one_line.ts";

/** The model cannot be measured; the message names the layer and the reason in one sentence. */
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
