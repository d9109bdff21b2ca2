import { isRemote } from "../core/model/loaded_model.ts";
import { showValue, showWord } from "../ground/words/show_value.ts";
import { resolveThresholds } from "../core/rules/rule_options.ts";
import { nearest, refusal } from "../ground/words/input_error.ts";
import {
  type Configuration,
  type Level,
  type ModelEntry,
  parseSeeds,
  type PresetName,
  type RuleEntry,
  type ScaleEntry,
  type Suppression,
} from "./configuration.ts";
import { GateError } from "../core/diagnosis/gate_result.ts";
import { type GateRule, gateRules, PRESETS } from "./gate_rules.ts";
import {
  callable,
  nullable,
  object,
  optional,
  requireValue,
  string,
} from "../ground/words/shape.ts";
import { configurationShape } from "./configuration_shape.ts";

/** Level of a rule, and its thresholds. */
export interface RuleSetting {
  /** Weight of its findings. */
  level: Level;
  /** Thresholds that it reads, with defaults. */
  thresholds: Record<string, number>;
}

/** Model to check; settings that its entry omits are `null`. */
export interface ModelSetting {
  /** Name in reports and in the baseline. */
  name: string;
  /** Path of its file, relative to the working directory. */
  path: string;
  /** File of its weights, if they are not its own. */
  weights: string | null;
  /** File of the batch. */
  batch: string | null;
  /** Name of the objective. */
  objective: string | null;
  /** Optimizer as PyTorch writes it. */
  optimizer: string | null;
  /** Number of examples to draw. */
  examples: number | null;
  /** Seeds, one run each. */
  seeds: number[] | null;
  /** True if it has been trained; `null` to judge by its biases. */
  trained: boolean | null;
  /** Modules that register custom layers. */
  register: string[];
  /** Sizes of siblings that must keep its scale. */
  scale: ScaleEntry | null;
  /** File of a proof that they do. */
  proof: string | null;
}

/** A configuration with all defaults filled in. */
export interface GateSettings {
  /** File that it comes from, or `null` for defaults alone. */
  file: string | null;
  /** Preset that it starts from. */
  extends: PresetName;
  /** Models that it lists. */
  models: ModelSetting[];
  /** Paths of modules with the user's own rules, relative to the working directory. */
  plugins: string[];
  /** Settings of every rule. */
  rules: Record<string, RuleSetting>;
  /** Findings that it accepts. */
  suppressions: Suppression[];
  /** Path of the baseline file, relative to the working directory. */
  baseline: string;
  /** True if the configuration names the baseline file, which must then exist. */
  baselineNamed: boolean;
  /** Seconds that a trial may take; `null`: the default. */
  trialBudget: number | null;
  /** Number of allowed warnings; `null` for any number. */
  maxWarnings: number | null;
}

/** Default name of the baseline file. */
const BASELINE_FILE = "gradient-health.baseline.json";

/** Options of {@linkcode resolveConfiguration}. */
export interface ResolveConfigurationOptions {
  /** Path of the file, for messages. Default: `null`, none. */
  file?: string | null;
  /**
   * Converts a path in the configuration to one relative to the working directory. Default:
   * unchanged, which suits a configuration in the working directory.
   */
  locate?: (path: string) => string;
}

const optionsShape = object({ file: optional(nullable(string)), locate: optional(callable) });

/**
 * Fills in the defaults of a configuration.
 *
 * @param configuration Contents of the file; `{}` for none.
 * @param options Path of the file, and how to resolve its paths.
 * @throws {GateError} If two models have the same name, or a suppression names an unknown model or
 * an impossible date.
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
      refusal`${file}: models has ${showValue(twice)} twice, expected a different name for each`,
    );
  }
  const suppressions = configuration.suppressions ?? [];
  suppressions.forEach((suppression, index) => requireSuppression(suppression, index, file, names));
  const rules = gateRules();
  for (const name in configuration.rules) requireRuleEntry(name, rules, `${file}: rules`);
  suppressions.forEach(({ rule }, index) =>
    requireRuleEntry(rule, rules, `${file}: suppressions[${index}]`)
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
    maxWarnings: configuration.maxWarnings ??
      allowedWarnings(configuration.failOn ?? preset.failOn),
  };
}

/**
 * Returns the number of warnings allowed by a gate that fails on a verdict; `null` for any number.
 */
export function allowedWarnings(failOn: "sick" | "weak"): number | null {
  return failOn === "weak" ? 0 : null;
}

function resolveModel(
  entry: ModelEntry,
  index: number,
  file: string | null,
  locate: (path: string) => string,
): ModelSetting {
  const { name, path, weights, batch, objective, optimizer, examples, seeds, trained } = entry;
  const { register = [], scale, proof } = entry;
  if (scale !== undefined && proof !== undefined) {
    throw new GateError({
      place: `${file}: models[${index}]`,
      verb: "has",
      found: "scale and proof",
      expected: "one of them",
      hint: ": the proof is in place of it",
    });
  }
  return {
    name: name ?? path,
    path: isRemote(path) ? path : locate(path),
    weights: weights === undefined ? null : locate(weights),
    batch: batch === undefined ? null : locate(batch),
    objective: objective ?? null,
    optimizer: optimizer ?? null,
    examples: examples ?? null,
    seeds: typeof seeds === "string"
      ? parseSeeds(seeds, `${file}: models[${index}].seeds`)
      : seeds ?? null,
    trained: trained ?? null,
    register: register.map(locate),
    scale: scale ?? null,
    proof: proof === undefined ? null : locate(proof),
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
    // The schema knows only the thresholds of this package's rules.
    throw new GateError((error as Error).message, { cause: error }).within(
      `${file}: rules[${showValue(name)}]`,
    );
  }
}

/**
 * Rejects unknown rules: the schema accepts any name with a slash, because plugins can add rules.
 */
function requireRuleEntry(name: string, rules: readonly GateRule[], place: string): void {
  const names = rules.map(({ name }) => name);
  if (names.includes(name)) return;
  throw new GateError({
    place,
    verb: "has",
    found: `the unknown rule ${showValue(name)}`,
    expected: "one that a module in plugins exports",
    meant: nearest(name, names),
  });
}

function requireSuppression(
  { model, until }: Suppression,
  index: number,
  file: string | null,
  names: string[],
): void {
  const place = `${file}: suppressions[${index}]`;
  if (model !== undefined && !names.includes(model)) {
    const listed = names.slice(0, 10).map(showWord).join(", ") || "none: no model is listed";
    throw new GateError({
      place: `${place}.model`,
      found: showValue(model),
      expected: `one of ${listed}`,
      meant: nearest(model, names),
    });
  }
  // An impossible date rolls over to another day, or is invalid.
  const day = new Date(`${until}T00:00:00Z`);
  if (until !== undefined && (isNaN(+day) || !day.toISOString().startsWith(until))) {
    throw new GateError(refusal`${place}.until is ${showValue(until)}, expected a day, YYYY-MM-DD`);
  }
}
