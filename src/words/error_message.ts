import { failure } from "./failure.ts";

/**
 * The message of an error, unchanged, since most come from this program; for anything else that user code
 * throws, what can be said about it.
 *
 * @param error What was thrown, which can be anything.
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
