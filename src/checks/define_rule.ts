import type { ProbeSubject } from "../probe/probe_subject.ts";
import type { ModelRule, ModelRuleRecord } from "./model_rule.ts";
import { substitutedSetting } from "./no_verdict.ts";
import { networkOf } from "./network/network.ts";
import { resolveThresholds } from "./resolve_thresholds.ts";
import type { AssertionDocumentation, Rule, RuleDocumentation } from "./rule.ts";
import type { PackageRule, RuleRecord, RuleText } from "./rule_record.ts";
import type { LayerOptions } from "./check_options.ts";
import { type Finding, makeFinding, type Verdict } from "./finding.ts";
import { RuleError } from "./rule_error.ts";
import { ignoreFinding, selectLayers } from "./select_layers.ts";
import type { ThresholdEntry } from "./threshold_entry.ts";
import { validateMeasurements } from "./validate.ts";
import { validateRecord } from "./validate_record.ts";
import { explained, reading, verdictsShape } from "./requirements.ts";
import { requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Makes a rule over measurements of its record. What the judge finds is filtered by the options `layers`
 * and `ignore`, and the judge is handed the thresholds of the record's own table, defaults filled in.
 * `assertRule` asserts it; {@linkcode registerRule}, or a module named in the configuration's `plugins`,
 * makes it one of all rules.
 *
 * @param record What the rule is called, what it means, and how it judges.
 * @returns The rule.
 * @throws {TypeError} If a part of the record is not what it must be.
 *
 * @example A rule of your own: no layer may be wider than some number of units
 * ```ts
 * import { assertRule } from "@gradient-health/gradient-health/assert";
 * import { atMost, defineRule, exactFigure, layerName, say } from "@gradient-health/gradient-health/checks";
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
 *         advice: "Use fewer units.",
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
  validateRecord(record, "of");
  const table = tableOf(record);
  const { tags, matcher, passes, study, causeOrder, weightsAlone, exponentsAlone } = record;
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
    ...exponentsAlone ? { exponentsAlone } : {},
    ...study === undefined ? {} : { study },
    ...assertionOf(record),
    figure,
    check(measurements, options = {}, isTrained) {
      validateMeasurements(measurements);
      const thresholds = resolveThresholds(table, options, readerOf(documentation));
      const layers = selectLayers(measurements.layers, options);
      const substituted = measurements.notReproduced?.find(({ setting }) =>
        settings.includes(setting)
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
          // Only where a judge asks: a study runs the rules for every point.
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

/** Makes a rule over a model of its record, as {@linkcode defineRule} makes one over measurements. */
export function defineModelRule<P extends ProbeSubject, Name extends string = never>(
  record: ModelRuleRecord<P, Name>,
): ModelRule<P, Name> {
  validateRecord(record, "rows");
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
    check(probe, options = {}) {
      const what = () => {
        throw new TypeError(
          `probe is ${showValue(probe)}, expected what a probe for the rule ${record.name} returns`,
        );
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

/** The findings that the verdicts of a judge are, notes of ignored layers. */
function findingsOf(rule: string, verdicts: Verdict[], options: LayerOptions): Finding[] {
  requireValue(`what the judge of ${rule} returns`, verdicts, verdictsShape);
  return verdicts.map((verdict) => ignoreFinding(makeFinding(rule, verdict), options));
}

/** What is written down of a rule; what its record leaves out is an empty text. */
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

/** The thresholds of a record, none where it has no table. */
function tableOf<Name extends string>(
  { thresholds = {} as Record<Name, ThresholdEntry> }: RuleText<Name>,
): Readonly<Record<Name, Readonly<ThresholdEntry>>> {
  return thresholds;
}

/** Who reads the thresholds, in the message that refuses others. */
function readerOf({ assertion, name }: RuleDocumentation): string {
  return assertion === "" ? name : `${assertion}()`;
}
