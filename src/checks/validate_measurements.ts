import type { Measurements } from "../measure/measurements.ts";

/**
 * Refuses what is not a `Measurements` before a rule reads it.
 *
 * @throws {TypeError} If it is not; a promise that was not awaited is named as such.
 */
export function validateMeasurements(value: Measurements, name = "measurements"): void {
  const found = value as Partial<Measurements> & { then?: unknown } | null | undefined;
  if (typeof found?.then === "function") {
    throw new TypeError(`${name} is a promise: write \`await measure(model, batch)\`.`);
  }
  if (found?.version !== 1 || !Array.isArray(found.layers)) {
    const kind = found === null ? "null" : Array.isArray(found) ? "an array" : typeof found;
    throw new TypeError(
      `${name} must be what measure() returns (version 1), got ${kind}` +
        `${
          typeof found === "object" && found && "version" in found
            ? ` of version ${found.version}`
            : ""
        }.`,
    );
  }
}
