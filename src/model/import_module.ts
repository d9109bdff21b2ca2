import { failure } from "../words/failure.ts";
import { failureIn } from "./failure_in.ts";
import { logToStderr } from "./log_to_stderr.ts";
import { ModelError } from "./model_error.ts";

/**
 * Imports a module by its path, from the working directory on. What it logs goes to stderr.
 *
 * @param path Any path: `#`, `?`, spaces and letters of any script mean themselves.
 * @throws {ModelError} If there is none, or importing it fails.
 */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    await Deno.stat(path);
  } catch (error) {
    throw new ModelError(`${path}: ${failure(error)}`, { cause: error });
  }
  // Here, and not above: Deno takes 5 ms to set these up, which --help need not wait for.
  const { resolve } = await import("node:path");
  const { pathToFileURL } = await import("node:url");
  try {
    return await logToStderr(() => import(pathToFileURL(resolve(path)).href));
  } catch (error) {
    const reason = await failureIn(path, error);
    throw new ModelError(`${path}: importing it failed: ${reason}`, { cause: error });
  }
}
