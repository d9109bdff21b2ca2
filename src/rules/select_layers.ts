import { InputError, refusal } from "../words/input_error.ts";
import { amendFinding, type Finding, saidOf } from "./finding.ts";
import type { IgnoredLayer, LayerOptions } from "./rule.ts";
import { showValue } from "../words/show_value.ts";
import { say, showName } from "./say.ts";

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
