import { UsageError } from "./usage_error.ts";

/**
 * Reads the value of `--layers`.
 *
 * @param source The value, or `undefined` where the flag is not given.
 * @returns The regular expression, or `null` for all layers.
 * @throws {UsageError} If it is none.
 */
export function readLayers(source: string | undefined): RegExp | null {
  if (source === undefined) return null;
  try {
    return new RegExp(source);
  } catch (error) {
    throw new UsageError(`--layers takes a regular expression: ${(error as Error).message}`);
  }
}
