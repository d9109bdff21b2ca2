import { type Baseline, decodeBaseline } from "./baseline_document.ts";
import { readUserText } from "../model/files/user_file.ts";
import { failure } from "../words/failure.ts";
import { GateError } from "./gate_result.ts";
import { requireValue, string } from "../words/shape.ts";

/**
 * Reads a baseline file.
 *
 * @param file Its path.
 * @returns The baseline, or `null` if the file does not exist.
 * @throws {GateError} If it cannot be read, or is not a baseline.
 */
export async function readBaseline(file: string): Promise<Baseline | null> {
  requireValue("file", file, string);
  try {
    return parseBaseline(await readUserText(file), file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof GateError) throw error;
    throw new GateError(`${file}: the baseline cannot be read: ${failure(error)}`);
  }
}

/**
 * Parses the output of {@linkcode formatBaseline}.
 *
 * @param file Its path, for the error.
 * @throws {GateError} If it is not a baseline: one sentence with the place in it.
 */
export function parseBaseline(content: string, file: string): Baseline {
  requireValue("content", content, string);
  requireValue("file", file, string);
  try {
    return decodeBaseline(content, file);
  } catch (error) {
    throw new GateError((error as Error).message);
  }
}
