import { failure } from "./failure.ts";

/**
 * The message of an error as it is, since most are of this program; of whatever else somebody's code
 * throws, what can be said.
 *
 * @param error Whatever was thrown.
 */
export function errorMessage(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === "string" && error.message !== "") {
      return error.message;
    }
  } catch {
    // It cannot even be looked at.
  }
  return failure(error);
}
