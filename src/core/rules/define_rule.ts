import type { ProbeSubject } from "../probe/probe_options.ts";
import { failure } from "../../ground/words/failure.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { type Finding, makeFinding, substitutedSetting, type Verdict } from "./finding.ts";
import type {
  AssertionDocumentation,
  LayerOptions,
  ModelRule,
  ModelRuleRecord,
  PackageRule,
  Rule,
  RuleDocumentation,
  RuleRecord,
  RuleText,
  StudyWords,
  ThresholdEntry,
} from "./rule.ts";
import { networkOf } from "./network/network.ts";
import { explained, reading, requireMeasurements, verdictsShape } from "./require_measurements.ts";
import { ignoreFinding, resolveThresholds, selectLayers } from "./rule_options.ts";

const NAME = /^([a-z][a-z0-9]*(-[a-z0-9]+)*\/)?[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const KEY = /^[a-z][A-Za-z0-9]*$/;
const TAGS = ["weights", "signal", "data", "task"];

/** Options that are not thresholds, so that no threshold can have their names. */
const TAKEN = ["layers", "ignore", "trained"];

const STUDY = "{ order, letter, below, above }, a number, one letter and two texts";

function isStudyWords(study: unknown): boolean {
  const { order, letter, below, above } = Object(study) as Partial<StudyWords>;
  return typeof order === "number" && typeof letter === "string" && /^[a-z]$/.test(letter) &&
    [below, above].every((text) => typeof text === "string" && text !== "");
}

/** Parts of a record that are validated when a rule is made from it. */
type Given = Partial<RuleRecord> & { figure?: { title?: unknown; scale?: unknown } };

/**
 * Rejects a record from which no rule can be made.
 *
 * @param bars Name of the function that returns the bars of its figure: `of` for measurements,
 * `rows` for a model.
 */
function requireRecord(record: object, bars: "of" | "rows"): void {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new InputError(
      refusal`record is ${showValue(record)}, expected an object that makes a rule`,
    );
  }
  const given = record as Given;
  const { name, tags = [], stage = "any", level = "error", thresholds = {}, figure, study } = given;
  const requirePart: RequirePart = (isRight, part, value, expected) => {
    if (isRight) return;
    const whose = part === "name" ? "" : ` of the rule ${name}`;
    throw new InputError({ place: `${part}${whose}`, found: showValue(value), expected });
  };
  requirePart(
    typeof name === "string" && NAME.test(name),
    "name",
    name,
    'words in small letters, joined by hyphens, such as "dead-units" or "team/dead-units"',
  );
  for (const part of ["problem", "summary", "fix"] as const) {
    const text = given[part];
    requirePart(typeof text === "string" && text.trim() !== "", part, text, "a text");
  }
  requirePart(
    Array.isArray(tags) && tags.every((tag) => TAGS.includes(tag)),
    "tags",
    tags,
    `an array of ${TAGS.join(", ")}`,
  );
  requirePart(stage === "any" || stage === "initial", "stage", stage, '"any" or "initial"');
  requirePart(level === "error" || level === "warn", "level", level, '"error" or "warn"');
  const { title, scale, [bars]: makesBars } = Object(figure);
  const isFigure = typeof title === "string" && (scale === "linear" || scale === "log") &&
    typeof makesBars === "function";
  requirePart(
    isFigure,
    "figure",
    figure,
    `an object with a title, the scale "linear" or "log" and a function ${bars}`,
  );
  requirePart(study === undefined || isStudyWords(study), "study", study, STUDY);
  requirePart(typeof given.judge === "function", "judge", given.judge, "a function");
  requirePart(typeof thresholds === "object", "thresholds", thresholds, "an object");
  requireEntries(thresholds, requirePart);
}

/** Rejects a part of a record unless it is right. */
type RequirePart = (isRight: boolean, part: string, value: unknown, expected: string) => void;

function requireEntries(thresholds: object, requirePart: RequirePart): void {
  for (const [key, entry] of Object.entries(thresholds)) {
    const part = `thresholds.${key}`;
    const isName = KEY.test(key) && !TAKEN.includes(key);
    requirePart(isName, "a name in thresholds", key, "one in camel case that no option has");
    const { default: value, range, unit, source, about, atMost } = Object(entry) as ThresholdEntry;
    const [low, high] = Array.isArray(range) ? range : [NaN, NaN];
    const isEntry = [value, low, high].every((number) =>
      typeof number === "number" && !isNaN(number)
    ) &&
      [unit, source, about].every((text) => typeof text === "string" && text !== "");
    requirePart(isEntry, part, entry, "{ default, unit, range: [low, high], source, about }");
    requirePart(
      value >= low && value <= high,
      `${part}.default`,
      value,
      `a number within its range`,
    );
    const isKnown = atMost === undefined || Object.hasOwn(thresholds, atMost);
    requirePart(isKnown, `${part}.atMost`, atMost, "the name of another threshold of the rule");
  }
}

/**
 * Error of a rule that threw instead of judging. The message names the rule, because the caller
 * runs many.
 */
export class RuleError extends Error {
  /** Name of the class, by which {@linkcode isRuleError} knows errors of another copy. */
  override name = "RuleError";
  /** Name of the rule. */
  readonly rule: string;

  /** Creates the error. Its message names the rule and says how to continue without it. */
  constructor(rule: string, cause: unknown) {
    // Rules of this package have no slash in their names; other rules are fixed by their authors.
    const isOurs = !rule.includes("/");
    const wayOut = isOurs
      ? `. This is a fault of gradient-health, not of the model; ` +
        `{"rules": {"${rule}": "off"}} in the configuration leaves the rule out`
      : "";
    super(`The judge of the rule ${rule} threw: ${failure(cause)}${wayOut}`, { cause });
    this.rule = rule;
  }
}

/** Returns true for an error of a rule, even from another copy of this package. */
export function isRuleError(error: unknown): error is RuleError {
  return error instanceof Error && error.name === "RuleError" && "rule" in error;
}

/**
 * Creates a rule over measurements from its record. The options `layers` and `ignore` filter the
 * findings of the judge, which receives the thresholds of the record with defaults filled in.
 * `assertRule` asserts the rule; {@linkcode registerRule}, or a module listed in `plugins` of the
 * configuration, adds it to the list of all rules.
 *
 * @param record The rule's name, documentation and judge.
 * @returns The rule.
 * @throws {InputError} If a part of the record is invalid.
 *
 * @example A custom rule that limits the width of layers
 * ```ts
 * import { assertRule } from "@gradient-health/gradient-health/assert";
 * import { atMost, defineRule, exactFigure, layerName, say } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertThrows } from "@std/assert";
 *
 * const wideLayers = defineRule({
 *   name: "team/wide-layers",
 *   tags: ["weights"],
 *   problem: "layers that are too wide",
 *   summary: "No layer has more units than our device has memory for.",
 *   fix: "Use fewer units.",
 *   thresholds: {
 *     mostUnits: {
 *       default: 512,
 *       unit: "units",
 *       range: [1, Infinity],
 *       source: "our device",
 *       about: "Most units of a layer.",
 *     },
 *   },
 *   figure: { title: "units", scale: "linear", of: ({ shape }) => shape?.at(-1) ?? null },
 *   judge: ({ layers, thresholds: { mostUnits } }) =>
 *     layers.flatMap(({ name, shape }) => {
 *       const units = shape?.at(-1) ?? 0;
 *       if (units <= mostUnits) return [];
 *       const expected = atMost(mostUnits);
 *       const figures = { units: exactFigure(units, "units") };
 *       return [{
 *         severity: "error",
 *         kind: "too-wide",
 *         layer: name,
 *         measured: units,
 *         expected,
 *         threshold: "mostUnits",
 *         figures,
 *         message: say`${layerName(name)} has ${figures.units} units; expected ${expected} (mostUnits).`,
 *         fix: "Use fewer units.",
 *       }];
 *     }),
 * });
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const measurements = await measure(model, randomBatch(model));
 * assertRule(wideLayers, measurements);
 * assertThrows(() => assertRule(wideLayers, measurements, { mostUnits: 10 }));
 * model.dispose();
 * ```
 */
export function defineRule<Name extends string = never>(record: RuleRecord<Name>): Rule<Name> {
  requireRecord(record, "of");
  const table = tableOf(record);
  const { tags, matcher, passes, study, causeOrder } = record;
  const { weightsAlone, anyBiases, exponentsAlone } = record;
  const { settings = [], figure, judge } = record;
  const documentation = documentationOf(record);
  return {
    ...documentation,
    tags,
    order: record.order ?? Infinity,
    level: record.level ?? "error",
    assertionFailsOnWarnings: record.assertionFailsOnWarnings ?? false,
    ...causeOrder === undefined ? {} : { causeOrder },
    ...matcher === undefined ? {} : { matcher, passes },
    ...settings.length > 0 ? { settings } : {},
    ...weightsAlone ? { weightsAlone } : {},
    ...anyBiases ? { anyBiases } : {},
    ...exponentsAlone ? { exponentsAlone } : {},
    ...study === undefined ? {} : { study },
    ...assertionOf(record),
    figure,
    run(measurements, options = {}, isTrained) {
      requireMeasurements(measurements);
      const thresholds = resolveThresholds(table, options, readerOf(documentation));
      const layers = selectLayers(measurements.layers, options);
      const substituted = measurements.notReproduced?.find(({ setting }) =>
        settings.some((one) => one === setting)
      );
      if (substituted !== undefined) {
        return findingsOf(record.name, [substitutedSetting(substituted)], options);
      }
      const found = reading(measurements, () => {
        const network = networkOf(measurements);
        const judged = {
          measurements,
          network,
          layers,
          thresholds,
          // Lazy, because a study runs the rules for every point and few judges need it.
          get trained() {
            return isTrained ?? network.trained;
          },
        };
        try {
          return judge(judged);
        } catch (error) {
          throw new RuleError(record.name, error);
        }
      });
      return findingsOf(record.name, found, options);
    },
  };
}

/** Creates a rule over a model from its record, as {@linkcode defineRule} does for measurements. */
export function defineModelRule<P extends ProbeSubject, Name extends string = never>(
  record: ModelRuleRecord<P, Name>,
): ModelRule<P, Name> {
  requireRecord(record, "rows");
  const table = tableOf(record);
  const { probe, options, figure, layersOf, judge } = record;
  const documentation = documentationOf(record);
  return {
    ...documentation,
    order: record.order ?? Infinity,
    probe,
    options,
    ...assertionOf(record),
    figure,
    run(probe, options = {}) {
      const what = () => {
        throw new InputError({
          place: "probe",
          found: showValue(probe),
          expected: `what a probe for the rule ${record.name} returns`,
        });
      };
      const thresholds = resolveThresholds(table, options, readerOf(documentation));
      const names = explained(() => [...new Set(layersOf?.(probe) ?? [])], what);
      const layers = names.map((name) => ({ name }));
      const selected = new Set(selectLayers(layers, options).map(({ name }) => name));
      const found = explained(() => judge(probe, thresholds, (layer) => selected.has(layer)), what);
      return findingsOf(record.name, found, options);
    },
  };
}

/** Converts the verdicts of a judge to findings. Findings about ignored layers become notes. */
function findingsOf(rule: string, verdicts: Verdict[], options: LayerOptions): Finding[] {
  requireValue(`what the judge of ${rule} returns`, verdicts, verdictsShape);
  return verdicts.map((verdict) => ignoreFinding(makeFinding(rule, verdict), options));
}

/** Returns the documentation of a rule. Missing parts of the record become empty texts. */
function documentationOf(record: RuleText & PackageRule): RuleDocumentation {
  const { falsePositives } = record;
  return {
    name: record.name,
    assertion: record.assertion ?? "",
    problem: record.problem,
    stage: record.stage ?? "any",
    ...record.milderWhenTrained ? { milderWhenTrained: true } : {},
    summary: record.summary,
    formula: record.formula ?? "",
    thresholds: record.thresholds ?? {},
    source: record.source ?? "",
    misleads: record.misleads ?? "",
    fix: record.fix,
    ...falsePositives === undefined ? {} : { falsePositives },
  };
}

function assertionOf(
  { asserts, fails, throws, refuses, example }: PackageRule,
): { assertionDocumentation?: AssertionDocumentation } {
  if (asserts === undefined || fails === undefined) return {};
  if (throws === undefined || example === undefined) return {};
  return {
    assertionDocumentation: {
      asserts,
      fails,
      throws,
      ...refuses === undefined ? {} : { refuses },
      example,
    },
  };
}

/** Returns the thresholds of a record, or an empty table if it has none. */
function tableOf<Name extends string>(
  { thresholds = {} as Record<Name, ThresholdEntry> }: RuleText<Name>,
): Readonly<Record<Name, Readonly<ThresholdEntry>>> {
  return thresholds;
}

/** Returns the name of the rule or its assertion, for the error about unknown thresholds. */
function readerOf({ assertion, name }: RuleDocumentation): string {
  return assertion === "" ? name : `${assertion}()`;
}
