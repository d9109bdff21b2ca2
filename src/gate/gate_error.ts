import { oneLine } from "../words/one_line.ts";

/** A configuration or a baseline that cannot be used. The message is one sentence with its place. */
export class GateError extends Error {
  /**
   * Makes one.
   *
   * @param message What file and place, what was found, what was expected.
   */
  constructor(message: string) {
    super(oneLine(message));
    this.name = "GateError";
  }
}
