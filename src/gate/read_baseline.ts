import { readText } from "../model/read_json.ts";
import { failure } from "../words/failure.ts";
import type { Baseline } from "./baseline.ts";
import { GateError } from "./gate_error.ts";
import { parseBaseline } from "./parse_baseline.ts";
import { requireValue, text } from "../words/requirements.ts";

/**
 * Reads a baseline file.
 *
 * @param file Its path.
 * @returns What it holds, or `null` where there is no such file.
 * @throws {GateError} If it cannot be read, or is no baseline.
 */
export async function readBaseline(file: string): Promise<Baseline | null> {
  requireValue("file", file, text);
  try {
    return parseBaseline(await readText(file), file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof GateError) throw error;
    throw new GateError(`${file}: the baseline cannot be read: ${failure(error)}`);
  }
}
