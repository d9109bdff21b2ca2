import { failure, jsonFailure } from "../ground/words/failure.ts";
import type { Refusal } from "../ground/words/input_error.ts";
import { readUserText } from "./user_file.ts";
import { type FileInfo, host } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";

/** Returns the file system's information on a path; `null` if nothing is there. */
export async function statOf(path: string): Promise<FileInfo | null> {
  try {
    return await host.stat(path);
  } catch (error) {
    ifMissing(error);
    return null;
  }
}

/** Ignores the error of a missing file, and throws any other. */
export function ifMissing(error: unknown): void {
  if (!isFileProblem(error, "NotFound")) throw error;
}

/**
 * Reads a JSON file.
 *
 * @param Unusable Class of the error if the file is missing or not JSON.
 */
export async function readJson(
  path: string,
  Unusable: new (message: string | Refusal, options?: ErrorOptions) => Error,
): Promise<unknown> {
  let text: string;
  try {
    text = await readUserText(path);
  } catch (error) {
    throw new Unusable(`${path}: ${failure(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = `${path}: the file`, meant = `: ${jsonFailure(error)}`;
    throw new Unusable({ place, found: "not valid JSON", expected: "JSON", meant }, {
      cause: error,
    });
  }
}
