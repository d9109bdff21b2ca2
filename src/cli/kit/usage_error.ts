import { InputError } from "../../words/input_error.ts";
/** Error for a command line that cannot be run. */
export class UsageError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "UsageError";
}
