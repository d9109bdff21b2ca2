import { InputError, nearest, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { amendFinding, type Finding, saidOf } from "./finding.ts";
import { requireOptions } from "./require_measurements.ts";
import type { IgnoredLayer, LayerOptions, ThresholdEntry, ThresholdTable } from "./rule.ts";
import { say, showName } from "./say.ts";

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

/**
 * Returns the layers that `options.layers` selects, in their order. Without the option it returns
 * all.
 *
 * @throws {InputError} If a filter is neither a pattern nor names, or an ignored layer has no
 * reason, or if a filter is empty or matches no layer: a typing error must not pass as a green
 * test.
 */
export function selectLayers<L extends { name: string }>(
  layers: L[],
  { layers: filter, ignore = [] }: LayerOptions,
): L[] {
  for (const entry of checkedIgnore(ignore)) mustMatch("ignore", entry.layer, layers);
  if (filter === undefined) return layers;
  const patterns = filter instanceof RegExp ? [filter] : filter;
  if (!Array.isArray(patterns) || patterns.some((name) => !isPattern(name))) {
    throw new InputError(
      refusal`options.layers is ${showValue(filter)}, expected a RegExp or an array of layer names`,
    );
  }
  if (patterns.length === 0) {
    throw new InputError(refusal`options.layers is an empty array, expected the layers to judge`);
  }
  for (const pattern of patterns) mustMatch("layers", pattern, layers);
  return layers.filter(({ name }) => patterns.some((pattern) => matchesLayer(pattern, name)));
}

function checkedIgnore(ignore: LayerOptions["ignore"]): NonNullable<LayerOptions["ignore"]> {
  const valid = Array.isArray(ignore) &&
    ignore.every((entry) =>
      isPattern(entry?.layer) && typeof entry.reason === "string" && entry.reason.trim() !== ""
    );
  if (!valid) {
    throw new InputError({
      place: "options.ignore",
      found: showValue(ignore),
      expected: "an array of { layer, reason }, each with a reason",
    });
  }
  return ignore;
}

function mustMatch(option: string, pattern: string | RegExp, layers: { name: string }[]): void {
  const wanted = typeof pattern === "string" ? showName(pattern) : String(pattern);
  if (layers.length === 0) {
    throw new InputError({
      place: `options.${option}`,
      verb: "has",
      found: wanted,
      expected: "none: this rule judges the model, not single layers",
    });
  }
  if (layers.some(({ name }) => matchesLayer(pattern, name))) return;
  const names = layers.slice(0, 8).map(({ name }) => showName(name)).join(", ");
  const more = layers.length > 8 ? `, ... (${layers.length} in all)` : "";
  throw new InputError({
    place: `options.${option}`,
    verb: "has",
    found: `${wanted}, which no layer matches`,
    expected: `one of ${names}${more}${
      typeof pattern === "string" && /[*?]/.test(pattern) ? "; a RegExp matches several" : ""
    }`,
  });
}

/** Returns the finding, as a note with the reason if its layer is ignored. */
export function ignoreFinding(finding: Finding, { ignore = [] }: LayerOptions): Finding {
  if (finding.layer === null || (finding.severity === "note" && !finding.unjudged)) return finding;
  const name = finding.layer;
  const why = ignore.find((entry: IgnoredLayer) => matchesLayer(entry.layer, name));
  if (why === undefined) return finding;
  const { unjudged: _, ...rest } = finding;
  const message = say`${saidOf(finding, "message")} Ignored: ${why.reason}`;
  return amendFinding(rest, { severity: "note", message });
}

function isPattern(value: unknown): value is string | RegExp {
  return typeof value === "string" || value instanceof RegExp;
}

/** Returns true if the name equals the given one or matches the pattern. */
function matchesLayer(pattern: string | RegExp, name: string): boolean {
  // Unlike test(), search() ignores the lastIndex of a global or sticky pattern.
  return typeof pattern === "string" ? pattern === name : name.search(pattern) !== -1;
}
