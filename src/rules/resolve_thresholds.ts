import type { ThresholdEntry, ThresholdTable } from "./rule.ts";
import { InputError, nearest, refusal } from "../words/input_error.ts";
import { showValue } from "../words/show_value.ts";
import { requireOptions } from "./require_measurements.ts";

/** Threshold of rules whose verdict depends on the batch. */
export const MIN_EXAMPLES = {
  minExamples: {
    default: 8,
    unit: "examples in the batch",
    range: [1, Infinity],
    source: "own: a healthy ReLU unit is off on all of 8 independent examples once in 256",
    about: "Fewest examples on which a batch-dependent rule gives a verdict.",
  },
} satisfies ThresholdTable;

/** Threshold of rules about what an output must not depend on. */
export const LEAK_TOLERANCE = {
  leakTolerance: {
    default: 1e-6,
    unit: "change of an output / rms of that output",
    range: [0, Infinity],
    source: "own: an output that does not depend on an input stays identical bit by bit",
    about: "Largest change of an output with inputs that it must not depend on.",
  },
} satisfies ThresholdTable;

/** Options that are not thresholds. */
const OTHERS = ["layers", "ignore"];

/**
 * Returns every threshold of a table: the given values, and defaults for the others.
 *
 * @param reader Name of the reader of these thresholds, if the table does not contain all.
 * @throws {InputError} If the options are not an object or contain an unknown name, or a threshold
 * is not a number, or if a threshold is NaN, out of range or not a whole number of steps, or a
 * minimum exceeds its maximum.
 */
export function resolveThresholds<Name extends string>(
  table: Readonly<Record<Name, Readonly<ThresholdEntry>>>,
  options: object,
  reader?: string,
): Record<Name, number> {
  requireOptions(options);
  const given = options as Record<string, unknown>;
  const known: Record<string, Readonly<ThresholdEntry>> = table;
  for (const key in given) {
    if (OTHERS.includes(key) || Object.hasOwn(known, key)) continue;
    if (reader === undefined || given[key] !== undefined) throw unknown(key, known, reader);
  }
  const resolved: Record<string, number> = {};
  for (const [name, entry] of Object.entries(known)) {
    const { [name]: value = entry.default } = given;
    if (value !== entry.default) requireNumber(name, value, entry);
    resolved[name] = value as number;
  }
  for (const [name, { atMost }] of Object.entries(known)) {
    if (atMost !== undefined && resolved[name] > resolved[atMost]) {
      throw new InputError({
        place: `options.${name}`,
        found: String(resolved[name]),
        expected: `${atMost}, ${resolved[atMost]}, at most`,
      });
    }
  }
  return resolved as Record<Name, number>;
}

function requireNumber(name: string, value: unknown, { range, whole }: ThresholdEntry): void {
  const [low, high] = range;
  if (typeof value !== "number") {
    throw new InputError({
      place: `options.${name}`,
      found: showValue(value),
      expected: "a number",
    });
  }
  if (!(value >= low && value <= high)) {
    throw new InputError(
      {
        place: `options.${name}`,
        found: showValue(value),
        expected: `a number from ${low} to ${high}`,
      },
    );
  }
  if (whole === true && !Number.isInteger(value)) {
    throw new InputError(refusal`options.${name} is ${showValue(value)}, expected a whole number`);
  }
}

function unknown(key: string, table: object, reader: string | undefined): InputError {
  const names = Object.keys(table);
  const meant = nearest(key, [...OTHERS, ...names]);
  if (meant === "" && reader !== undefined) {
    const list = names.length === 0 ? "none" : names.join(", ");
    return new InputError(
      { place: `options.${key}`, found: `not a threshold of ${reader}`, expected: list },
    );
  }
  return new InputError({
    place: "options",
    verb: "has the unknown key",
    found: `"${key}"`,
    expected: "layers, ignore or a threshold, see THRESHOLDS",
    meant,
  });
}
