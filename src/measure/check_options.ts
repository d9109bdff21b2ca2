import type { MeasureOptions } from "./measure_options.ts";

const KNOWN: Record<keyof Required<MeasureOptions>, (value: unknown) => string | null> = {
  objective: () => null,
  batchNormalization: (value) =>
    value === "inference" || value === "training" ? null : '"inference" or "training"',
  penalties: (value) => typeof value === "boolean" ? null : "true or false",
  source: (value) => value === null || typeof value === "string" ? null : "a string or null",
  seed: (value) => value === null || Number.isSafeInteger(value) ? null : "an integer or null",
  onProgress: (value) => typeof value === "function" ? null : "a function",
};

/**
 * Checks the options of a measurement, for callers that no type checker has warned.
 *
 * @throws {TypeError} If an option is unknown or has a value that it does not take.
 */
export function checkOptions(options: MeasureOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(KNOWN, name)) {
      throw new TypeError(
        `Cannot measure with the option ${name}: expected ${Object.keys(KNOWN).join(", ")}`,
      );
    }
    const expected = KNOWN[name as keyof MeasureOptions](value);
    if (expected === null) continue;
    throw new TypeError(
      `Cannot measure with ${name} ${JSON.stringify(value)}: expected ${expected}`,
    );
  }
}
