import { FAIL_ON } from "../core/diagnosis/diagnosis.ts";
import { nearestObjective } from "../core/measure/require_objective.ts";
import { isObjective, OBJECTIVES } from "../core/model/objective.ts";
import { parseOptimizer } from "../ground/traits/torch_optimizers.ts";
import { MODEL_RULES } from "../core/rules/rules.ts";
import { nearest } from "../ground/words/input_error.ts";
import {
  boolean,
  closed,
  count,
  described,
  either,
  filledString,
  type JsonSchema,
  list,
  matching,
  named,
  number,
  numberAbove,
  numberFrom,
  oneOf,
  optional,
  positive,
  primitive,
  record,
  type Shape,
  string,
  tuple,
  whole,
} from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import type {
  Configuration,
  Level,
  ModelEntry,
  PresetName,
  RuleEntry,
  ScaleEntry,
  Suppression,
} from "./configuration.ts";
import { sizesShape } from "../ground/theory/sibling_slopes.ts";
import { GATE_RULES, type GateRule, PRESETS } from "./gate_rules.ts";

/** Shape of an optional key, with the description that an editor shows. */
const key = <T>(description: string, shape: Shape<T>) => optional(described(description, shape));

const LEVELS: readonly Level[] = ["off", "warn", "error"];

/** Users forget that thresholds follow a level. */
const level = primitive<Level>(
  '"off", "warn", "error" or ["error", { ...thresholds }]',
  (value) => (LEVELS as readonly unknown[]).includes(value),
  {
    schema: { enum: LEVELS },
    suggest: (value) => typeof value === "string" ? nearest(value, LEVELS) : "",
  },
);

/** Returns the shape of a level, or of an array of a level and thresholds. */
function entryShape(thresholds: Shape<Record<string, number>>): Shape<RuleEntry> {
  return either<[Level] | [Level, Record<string, number>], Level>({
    test: Array.isArray,
    schema: { type: "array" },
    yes: tuple<[Level, Record<string, number>]>(
      level,
      optional(thresholds) as Shape<Record<string, number>>,
    ),
    no: level,
  });
}

/** Returns the shape of the setting of one rule of this package. */
function ruleShape({ summary, thresholds }: GateRule): Shape<RuleEntry> {
  const shapes = Object.entries(thresholds).map(([name, entry]) => {
    const { default: value, range: [least, most], unit } = entry;
    return [name, key(`${unit}; default: ${value}`, numberFrom(least, most))];
  });
  return described(
    summary,
    entryShape(closed<Record<string, number>>(Object.fromEntries(shapes), { noun: "threshold" })),
  );
}

/** Names the assertion of a rule that no configuration can have, or the nearest rule. */
function suggestRule(name: string, names: readonly string[]): string {
  const rule = MODEL_RULES.find((rule) => rule.name === name);
  if (rule === undefined) return nearest(name, names);
  return `, which needs the model again: use ${rule.assertion} in a test`;
}

/**
 * Describes valid seeds. On the command line a single number is a number of draws, so users write
 * one here too.
 */
function suggestSeeds(found: unknown): string {
  const draws = typeof found === "number" || typeof found === "string" ? Number(found) : NaN;
  return Number.isSafeInteger(draws) && draws > 0
    ? `; for ${draws} draws write "0..${draws - 1}"`
    : "";
}

const SEEDS = 'a list of numbers or a range such as "0..9"';

const seeds = either<number[], string>({
  test: Array.isArray,
  schema: { type: "array" },
  yes: list(count, { expected: "every seed once, and one or more", least: 1, unique: true }),
  no: matching(/^\d+\.\.\d+$/, SEEDS, suggestSeeds),
});

/** True if a value is an optimizer as PyTorch writes it. */
function isOptimizer(value: unknown): boolean {
  if (typeof value !== "string") return false;
  try {
    parseOptimizer(value, "optimizer");
    return true;
  } catch {
    return false;
  }
}

/** Names of objectives in a schema for editors, and calls of losses with arguments. */
const plainObjective = named<string>(OBJECTIVES, nearestObjective);
const objective: Shape<string> = {
  ...primitive<string>(
    `the name of a loss, or a call of it such as "cross_entropy(label_smoothing=0.1)"`,
    isObjective,
    { schema: { anyOf: [{ enum: OBJECTIVES }, { type: "string", pattern: "^\\w+\\(.*\\)$" }] } },
  ),
  mismatch: (value) =>
    typeof value === "string" && isObjective(value) ? null : plainObjective.mismatch(value),
};

const model = closed<ModelEntry>({
  name: key("Name in reports and in the baseline; default: the path.", filledString),
  path: described("File of a model, or module, relative to the folder of this file.", filledString),
  weights: key(
    "File with its weights, of PyTorch or Keras, as --weights takes it; default: its own.",
    filledString,
  ),
  batch: key("File with the batch; default: the module's, else random.", filledString),
  objective: key(
    "What to differentiate; default: the module's, else the compiled loss, else sum.",
    objective,
  ),
  optimizer: key(
    'Optimizer to train with, as PyTorch writes it: "AdamW(lr=3e-4)"; default: the compiled one, else Adam.',
    primitive<string>("an optimizer of PyTorch", isOptimizer, { schema: { type: "string" } }),
  ),
  examples: key(
    "How many examples to draw; default: 32, or fewer where a pass of them would not fit the WASM heap.",
    whole(1, 1e6),
  ),
  seeds: key('Seeds to check it under: [0, 1, 2] or "0..9"; default: 0 alone.', seeds),
  trained: key(
    "Whether it has been trained: rules about initialisation then only give notes; default: " +
      "guessed from its biases.",
    boolean,
  ),
  register: key("Modules that register its custom layers.", list(filledString)),
  scale: key(
    "Sizes of siblings that must keep its scale, two or more along an axis; the smallest is judged.",
    closed<ScaleEntry>({
      widths: key("Widths of the siblings.", sizesShape),
      depths: key("Depths of the siblings.", sizesShape),
      seeds: key("Number of seeds; default: 3.", positive),
    }),
  ),
  proof: key("File that scale --out wrote, in place of scale.", filledString),
}, {
  expected: (value) => typeof value === "string" ? `{ "path": ${showValue(value)} }` : "an object",
});

const RULE_NAMES = GATE_RULES.map(({ name }) => name);

/** Name of a rule: one of this package, or with the prefix of a plugin. */
const ruleName = primitive<string>(
  "a rule, which explain lists",
  (value) => typeof value === "string" && (value.includes("/") || RULE_NAMES.includes(value)),
  {
    // A pattern alone accepts anything that is not a string.
    schema: { if: { type: "string", pattern: "/" }, else: { enum: RULE_NAMES } },
    suggest: (value) => typeof value === "string" ? nearest(value, RULE_NAMES) : "",
  },
);

/** Shape of an accepted finding. */
const suppression = closed<Suppression>({
  rule: described("The rule whose finding is accepted.", ruleName),
  layer: key('Name of the layer; "*" stands for any characters; default: "*".', filledString),
  model: key("Name of the model; default: every model.", filledString),
  reason: described("Why the finding is accepted.", filledString),
  until: key(
    "Last day on which it is in force, YYYY-MM-DD (UTC).",
    matching(/^\d{4}-\d{2}-\d{2}$/, "YYYY-MM-DD"),
  ),
});

const presets = Object.entries(PRESETS).map(([name, { summary }]) => `${name}: ${summary}`);

/** Shape of a configuration: what `gradient-health.json` may hold, and a program may give. */
export const configurationShape: Shape<Configuration> = closed<Configuration>({
  $schema: key("Where editors find this schema.", string),
  extends: key(
    `The preset to start from; default: recommended. ${presets.join("; ")}.`,
    oneOf(...Object.keys(PRESETS) as PresetName[]),
  ),
  models: key("The models to check by default.", list(model)),
  plugins: key("Modules that export your own rules.", list(filledString)),
  rules: key(
    "Levels and thresholds of rules.",
    closed<Record<string, RuleEntry | undefined>>(
      Object.fromEntries(GATE_RULES.map((rule) => [rule.name, optional(ruleShape(rule))])),
      {
        noun: "rule",
        // The name of a user's own rule has a prefix and a slash.
        others: { pattern: /\//, shape: entryShape(record(number)) },
        suggest: suggestRule,
      },
    ) as Shape<Record<string, RuleEntry>>,
  ),
  suppressions: key("Findings that are known and accepted.", list(suppression)),
  baseline: key("The baseline file, relative to the folder of this file.", filledString),
  trialBudget: key(
    "Seconds that training a model on its batch may take, as estimated; default: 10.",
    numberAbove(0, 86400),
  ),
  failOn: key(
    "The verdict that fails the gate: weak allows no warning; default: sick.",
    oneOf(...FAIL_ON),
  ),
  maxWarnings: key("How many warnings the gate allows; default: any number.", count),
});

/**
 * Returns the JSON Schema (draft 7) of `gradient-health.json`, for editors. `deno task generate`
 * writes it to `gradient-health.schema.json`.
 */
export function configurationSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "gradient-health",
    ...configurationShape.schema(),
  };
}
