import { failure } from "./failure.ts";

/**
 * Returns the message of an error unchanged, since most come from this program. Describes anything
 * else that user code throws.
 *
 * @param error Thrown value of any type.
 */
export function errorMessage(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === "string" && error.message !== "") {
      return error.message;
    }
  } catch {
    // Even reading its fields throws.
  }
  return failure(error);
}
