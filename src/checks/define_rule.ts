import type { ProbeSubject } from "../probe/probe_subject.ts";
import type { CheckOptions, IgnoredLayer } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import type { Judge, Verdict } from "./judge.ts";
import { looksTrained } from "./looks_trained.ts";
import type { ModelRule } from "./model_rule.ts";
import { resolveThresholds } from "./resolve_thresholds.ts";
import type { Rule, RuleDocumentation, RuleFigure } from "./rule.ts";
import { show, showName } from "./show.ts";
import type { Thresholds } from "./thresholds.ts";
import { validateMeasurements } from "./validate.ts";
import { measurementsShape } from "./requirements.ts";
import { requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/** Makes a rule of its documentation, its figure and its judge: validates, filters and ignores. */
export function defineRule(
  documentation: RuleDocumentation,
  figure: RuleFigure,
  judge: Judge,
): Rule {
  return {
    ...documentation,
    figure,
    check(measurements, options = {}, isTrained) {
      validateMeasurements(measurements);
      const trained = isTrained ?? looksTrained(measurements);
      const thresholds = resolveThresholds(options);
      const layers = selectLayers(measurements.layers, options);
      const found = explained(
        () => judge({ measurements, layers, thresholds, trained }),
        () => requireValue("measurements", measurements, measurementsShape),
      );
      return found.map((finding) =>
        ignoreFinding({ rule: documentation.name, ...finding }, options)
      );
    },
  };
}

/**
 * What a rule finds. Rules run for every point of a study: what they are given is looked at in full only
 * where one fails, to say where in it something is missing.
 */
function explained<T>(judge: () => T, lookAgain: () => void): T {
  try {
    return judge();
  } catch (error) {
    lookAgain();
    throw error;
  }
}

/** The heart of a rule over a probe: `isJudged` tells the layers that the options select. */
type ProbeJudge<P> = (
  probe: P,
  thresholds: Thresholds,
  isJudged: (layer: string) => boolean,
) => Verdict[];

/**
 * Makes a model rule of its documentation and its judge: validates, filters and ignores.
 *
 * @param layersOf The layers that the rule can name, in their order; none where it judges the model.
 */
export function defineModelRule<P extends ProbeSubject>(
  documentation: Omit<ModelRule<P>, "check">,
  layersOf: (probe: P) => string[],
  judge: ProbeJudge<P>,
): ModelRule<P> {
  return {
    ...documentation,
    check(probe, options = {}) {
      const what = () => {
        throw new TypeError(
          `probe is ${
            showValue(probe)
          }, expected what a probe for the rule ${documentation.name} ` +
            `returns`,
        );
      };
      const thresholds = resolveThresholds(options);
      const names = explained(() => [...new Set(layersOf(probe))], what);
      const layers = names.map((name) => ({ name }));
      const selected = new Set(selectLayers(layers, options).map(({ name }) => name));
      return explained(() => judge(probe, thresholds, (layer) => selected.has(layer)), what)
        .map((finding) => ignoreFinding({ rule: documentation.name, ...finding }, options));
    },
  };
}

/**
 * The layers that `options.layers` selects, in their order; all without it.
 *
 * @throws {TypeError} If a filter is neither a pattern nor names, or an ignored layer has no reason.
 * @throws {RangeError} If a filter is empty or matches no layer: a typing error must not pass as a green test.
 */
function selectLayers<L extends { name: string }>(
  layers: L[],
  { layers: filter, ignore = [] }: CheckOptions,
): L[] {
  for (const entry of checkedIgnore(ignore)) mustMatch("ignore", entry.layer, layers);
  if (filter === undefined) return layers;
  const patterns = filter instanceof RegExp ? [filter] : filter;
  if (!Array.isArray(patterns) || patterns.some((name) => !isPattern(name))) {
    throw new TypeError(
      `options.layers must be a RegExp or an array of layer names, got ${show(filter)}.`,
    );
  }
  if (patterns.length === 0) {
    throw new RangeError("options.layers is an empty array, so that no layer would be judged.");
  }
  for (const pattern of patterns) mustMatch("layers", pattern, layers);
  return layers.filter(({ name }) => patterns.some((pattern) => matchesLayer(pattern, name)));
}

function checkedIgnore(ignore: CheckOptions["ignore"]): NonNullable<CheckOptions["ignore"]> {
  const valid = Array.isArray(ignore) &&
    ignore.every((entry) =>
      isPattern(entry?.layer) && typeof entry.reason === "string" && entry.reason.trim() !== ""
    );
  if (!valid) {
    throw new TypeError(
      `options.ignore must be an array of { layer, reason }, each with a reason, got ${
        show(ignore)
      }.`,
    );
  }
  return ignore;
}

function mustMatch(option: string, pattern: string | RegExp, layers: { name: string }[]): void {
  const wanted = typeof pattern === "string" ? showName(pattern) : String(pattern);
  if (layers.length === 0) {
    throw new RangeError(
      `options.${option} names ${wanted}, but this rule judges the model, not single layers.`,
    );
  }
  if (layers.some(({ name }) => matchesLayer(pattern, name))) return;
  const names = layers.slice(0, 8).map(({ name }) => showName(name)).join(", ");
  const more = layers.length > 8 ? `, ... (${layers.length} in all)` : "";
  throw new RangeError(
    `options.${option} names ${wanted}, which no layer matches; the layers are ${names}${more}.`,
  );
}

/** The finding; as a note with the reason where its layer is ignored. */
function ignoreFinding(finding: Finding, { ignore = [] }: CheckOptions): Finding {
  if (finding.layer === null || (finding.severity === "note" && !finding.unjudged)) return finding;
  const name = finding.layer;
  const why = ignore.find((entry: IgnoredLayer) => matchesLayer(entry.layer, name));
  if (why === undefined) return finding;
  const { unjudged: _, ...rest } = finding;
  return {
    ...rest,
    severity: "note",
    message: `${finding.message} Ignored: ${why.reason}`,
  };
}

function isPattern(value: unknown): value is string | RegExp {
  return typeof value === "string" || value instanceof RegExp;
}

/** Whether a layer's name is the given one, or matches the given pattern. */
function matchesLayer(pattern: string | RegExp, name: string): boolean {
  // search() ignores the lastIndex of a global or sticky pattern; test() would remember it.
  return typeof pattern === "string" ? pattern === name : name.search(pattern) !== -1;
}
