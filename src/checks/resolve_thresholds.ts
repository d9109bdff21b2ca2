import { nearest } from "../words/nearest.ts";
import type { CheckOptions } from "./check_options.ts";
import { show } from "./show.ts";
import { THRESHOLDS, type Thresholds } from "./thresholds.ts";
import { validateOptions } from "./validate.ts";

const NAMES = Object.keys(THRESHOLDS) as (keyof Thresholds)[];
const DEFAULTS = Object.fromEntries(
  NAMES.map((name) => [name, THRESHOLDS[name].default]),
) as unknown as Thresholds;

/**
 * Every threshold: the given ones, and the defaults of the others.
 *
 * @throws {TypeError} If the options are no object, name an unknown option, or a threshold is no number.
 * @throws {RangeError} If a threshold is NaN, out of its range or no whole number of steps, or a least
 * value exceeds the most.
 */
export function resolveThresholds(options: CheckOptions): Thresholds {
  validateOptions(options);
  const keys = Object.keys(options);
  // A study asks for nothing else, seven times a point.
  if (keys.length === 0) return { ...DEFAULTS };
  for (const key of keys) {
    if (!Object.hasOwn(THRESHOLDS, key) && key !== "layers" && key !== "ignore") {
      throw new TypeError(
        `options has an unknown key "${key}"${
          nearest(key, ["layers", "ignore", ...NAMES]) ||
          "; known are layers, ignore and the thresholds, see THRESHOLDS."
        }`,
      );
    }
  }
  const resolved = {} as Thresholds;
  for (const name of NAMES) {
    const { default: fallback, range: [low, high] } = THRESHOLDS[name];
    const { [name]: value = fallback } = options;
    if (typeof value !== "number") {
      throw new TypeError(`options.${name} must be a number, got ${show(value)}.`);
    }
    if (!(value >= low && value <= high)) {
      throw new RangeError(`options.${name} must be from ${low} to ${high}, got ${show(value)}.`);
    }
    resolved[name] = value;
  }
  if (!Number.isInteger(resolved.overfitSteps)) {
    throw new RangeError(
      `options.overfitSteps must be a whole number, got ${show(resolved.overfitSteps)}.`,
    );
  }
  const { updateRatioMin, updateRatioMax } = resolved;
  if (updateRatioMin > updateRatioMax) {
    throw new RangeError(
      `options.updateRatioMin must not exceed updateRatioMax, got ${updateRatioMin} and ` +
        `${updateRatioMax}.`,
    );
  }
  return resolved;
}
