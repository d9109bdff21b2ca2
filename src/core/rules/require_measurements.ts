import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { Measurements } from "../measure/measurements.ts";
import { anyObject, list, requireValue, type Shape } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { gateFindingShape, measurementShape, verdictShape } from "./shapes/measurement_shape.ts";

/** Shape of the result of `measure()`. */
export const measurementsShape: Shape<unknown> = measurementShape;

/** Shape of a finding. */
export const findingShape: Shape<unknown> = gateFindingShape;

/** Shape of the verdicts of a judge. */
export const verdictsShape: Shape<unknown> = list(verdictShape);

/**
 * Runs a judge. Only if it throws is its input validated in full, to name the missing part, since a
 * study runs the rules for every point.
 */
export function explained<T>(judge: () => T, lookAgain: () => void): T {
  try {
    return judge();
  } catch (error) {
    lookAgain();
    throw error;
  }
}

/** Reads from measurements, which are validated in full only if that throws. */
export function reading<T>(measurements: Measurements, read: () => T): T {
  return explained(read, () => requireValue("measurements", measurements, measurementsShape));
}

/** Rejects options that are not an object. */
export function requireOptions(options: unknown): void {
  requireValue("options", options, anyObject);
}

/**
 * Rejects a value that is not a `Measurements` before a rule reads it.
 *
 * @throws {InputError} If it is not; the message points out a promise that was not awaited.
 */
export function requireMeasurements(value: Measurements, name = "measurements"): void {
  const found = value as Partial<Measurements> & { then?: unknown } | null | undefined;
  if (typeof found?.then === "function") {
    throw new InputError({
      place: name,
      found: "a promise",
      expected: "what it resolves to: write `await measure(model, batch)`",
    });
  }
  const what = complaint(found);
  if (what === null) return;
  throw new InputError(refusal`${name} is ${what}, expected what measure() returns (version 1)`);
}

/** Describes a value that is not measurements. Returns `null` if it looks like measurements. */
function complaint(found: Partial<Measurements> | null | undefined): string | null {
  if (typeof found !== "object" || found === null) {
    return found == null ? String(found) : `a ${typeof found}`;
  }
  if (Array.isArray(found)) return "an array";
  const { version, model, layers, batch, objective } = found;
  if (version !== 1) {
    return "version" in found ? `an object of version ${showValue(version)}` : "an object";
  }
  if (typeof model?.name !== "string") return "an object without a model";
  if (!Array.isArray(layers)) return "an object without layers";
  if (!Array.isArray(batch?.perInput)) return "an object without a batch";
  if (typeof objective?.name !== "string") return "an object without an objective";
  const wrong = layers.findIndex((layer) =>
    typeof layer?.name !== "string" || list(anyObject).mismatch(layer.weights) !== null
  );
  if (wrong !== -1) return `an object whose layers[${wrong}] is not a layer`;
  const old = layers.findIndex(({ kind }) => typeof kind !== "string");
  return old === -1
    ? null
    : `an object whose layers[${old}] has no kind: parseReport() reads what an older version wrote`;
}
