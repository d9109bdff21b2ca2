import { showWord } from "../words/show_word.ts";
import { showValue } from "../words/show_value.ts";
import { resolveThresholds } from "../checks/resolve_thresholds.ts";
import { nearest } from "../words/nearest.ts";
import type {
  Configuration,
  Level,
  ModelEntry,
  PresetName,
  RuleEntry,
  Suppression,
} from "./configuration.ts";
import { GateError } from "./gate_error.ts";
import { type GateRule, gateRules } from "./gate_rules.ts";
import { parseSeeds } from "./parse_seeds.ts";
import { PRESETS } from "./presets.ts";
import {
  callable,
  objectWith,
  optional,
  orNull,
  requireValue,
  text,
} from "../words/requirements.ts";
import { configurationShape } from "./requirements.ts";

/** The level of a rule, and the thresholds it is run with. */
export interface RuleSetting {
  /** How much its findings weigh. */
  level: Level;
  /** All thresholds that it reads, defaults filled in. */
  thresholds: Record<string, number>;
}

/** A model to check; what its entry left open is `null`. */
export interface ModelSetting {
  /** Its name in reports and in the baseline. */
  name: string;
  /** Its file, from the working directory on. */
  path: string;
  /** File of its weights, where they are not its own. */
  weights: string | null;
  /** File of the batch. */
  batch: string | null;
  /** What is differentiated. */
  objective: string | null;
  /** How many examples are drawn. */
  examples: number | null;
  /** The seeds, one run each. */
  seeds: number[] | null;
  /** Whether it has been trained; `null`: judged by its biases. */
  trained: boolean | null;
  /** Modules that register custom layers. */
  register: string[];
}

/** A configuration with all defaults filled in. */
export interface GateSettings {
  /** The file it comes from, or `null`: defaults alone. */
  file: string | null;
  /** The preset it starts from. */
  extends: PresetName;
  /** The models that it lists. */
  models: ModelSetting[];
  /** Modules with rules of your own, from the working directory on. */
  plugins: string[];
  /** Every rule. */
  rules: Record<string, RuleSetting>;
  /** What it accepts. */
  suppressions: Suppression[];
  /** The baseline file, from the working directory on. */
  baseline: string;
  /** Whether the configuration names the baseline file, which must then exist. */
  baselineNamed: boolean;
  /** Seconds that a trial may take; `null`: the default. */
  trialBudget: number | null;
  /** How many warnings are allowed; `null`: any number. */
  maxWarnings: number | null;
}

/** Name of the baseline file unless the configuration names another. */
export const BASELINE_FILE = "gradient-health.baseline.json";

/** Options of {@linkcode resolveConfiguration}. */
export interface ResolveConfigurationOptions {
  /** The file, for messages. Default: `null`, none. */
  file?: string | null;
  /**
   * Turns a path in the configuration into one relative to the working directory. Default: unchanged,
   * which suits a configuration in the working directory.
   */
  locate?: (path: string) => string;
}

const optionsShape = objectWith({ file: optional(orNull(text)), locate: optional(callable) });

/**
 * Fills in what a configuration leaves open.
 *
 * @param configuration What the file holds; `{}` for none.
 * @param options Which file it is, and how to resolve its paths.
 * @throws {GateError} If two models have one name, or a suppression names an unknown model or an impossible
 * date.
 *
 * @example A threshold of a rule
 * ```ts
 * import { resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { assertEquals } from "@std/assert";
 *
 * const { rules } = resolveConfiguration({
 *   rules: { "dead-units": ["warn", { deadFraction: 0.7 }] },
 * });
 * assertEquals(rules["dead-units"].level, "warn");
 * assertEquals(rules["dead-units"].thresholds.deadFraction, 0.7);
 * ```
 */
export function resolveConfiguration(
  configuration: Configuration,
  options: ResolveConfigurationOptions = {},
): GateSettings {
  requireValue("configuration", configuration, configurationShape);
  requireValue("options", options, optionsShape);
  const { file = null, locate = (path) => path } = options;
  const preset = PRESETS[configuration.extends ?? "recommended"];
  const levels = preset.levels();
  const models = (configuration.models ?? []).map((entry, index) =>
    resolveModel(entry, index, file, locate)
  );
  const names = models.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new GateError(
      `${file}: models has ${showValue(twice)} twice, expected a name of its own for each`,
    );
  }
  const suppressions = configuration.suppressions ?? [];
  suppressions.forEach((suppression, index) => checkSuppression(suppression, index, file, names));
  const rules = gateRules();
  for (const name in configuration.rules) checkRule(name, rules, `${file}: rules`);
  suppressions.forEach(({ rule }, index) =>
    checkRule(rule, rules, `${file}: suppressions[${index}]`)
  );
  const { baseline } = configuration;
  return {
    file,
    extends: configuration.extends ?? "recommended",
    models,
    plugins: (configuration.plugins ?? []).map(locate),
    rules: Object.fromEntries(
      rules.map((rule) => {
        const entry = configuration.rules?.[rule.name] ?? levels[rule.name];
        return [rule.name, resolveRule(entry, rule, file)];
      }),
    ),
    suppressions,
    baseline: locate(baseline ?? BASELINE_FILE),
    baselineNamed: baseline !== undefined,
    trialBudget: configuration.trialBudget ?? null,
    maxWarnings: configuration.maxWarnings ?? preset.maxWarnings,
  };
}

function resolveModel(
  { name, path, weights, batch, objective, examples, seeds, trained, register = [] }: ModelEntry,
  index: number,
  file: string | null,
  locate: (path: string) => string,
): ModelSetting {
  return {
    name: name ?? path,
    path: locate(path),
    weights: weights === undefined ? null : locate(weights),
    batch: batch === undefined ? null : locate(batch),
    objective: objective ?? null,
    examples: examples ?? null,
    seeds: typeof seeds === "string"
      ? parseSeeds(seeds, `${file}: models[${index}].seeds`)
      : seeds ?? null,
    trained: trained ?? null,
    register: register.map(locate),
  };
}

function resolveRule(
  entry: RuleEntry,
  { name, thresholds: table }: GateRule,
  file: string | null,
): RuleSetting {
  const [level, given = {}] = typeof entry === "string" ? [entry] : entry;
  try {
    return { level, thresholds: resolveThresholds(table, given, name) };
  } catch (error) {
    // The schema only knows the thresholds of this package.
    throw new GateError(`${file}: rules[${showValue(name)}]: ${(error as Error).message}`);
  }
}

/** The schema accepts any rule with a slash in its name; only now the rules are known. */
function checkRule(name: string, rules: readonly GateRule[], place: string): void {
  const names = rules.map(({ name }) => name);
  if (names.includes(name)) return;
  throw new GateError(
    `${place} has the unknown rule ${showValue(name)}${
      nearest(name, names) || ", expected one that a module in plugins exports"
    }`,
  );
}

function checkSuppression(
  { model, until }: Suppression,
  index: number,
  file: string | null,
  names: string[],
): void {
  const place = `${file}: suppressions[${index}]`;
  if (model !== undefined && !names.includes(model)) {
    throw new GateError(
      `${place}.model is ${showValue(model)}${
        nearest(model, names) ||
        `, expected one of ${
          names.slice(0, 10).map(showWord).join(", ") || "none: no model is listed"
        }`
      }`,
    );
  }
  // A date that does not exist rolls over to another day, or is invalid.
  const day = new Date(`${until}T00:00:00Z`);
  if (until !== undefined && (isNaN(+day) || !day.toISOString().startsWith(until))) {
    throw new GateError(`${place}.until is ${showValue(until)}, expected a day, YYYY-MM-DD`);
  }
}
