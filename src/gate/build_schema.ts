import { OBJECTIVES } from "../model/objective.ts";
import { GATE_RULES, type GateRule } from "./gate_rules.ts";
import { PRESETS } from "./presets.ts";

const LEVELS = { enum: ["off", "warn", "error"] };
const TEXT = { type: "string", pattern: "\\S" };

const described = (description: string, schema: object) => ({ description, ...schema });

function closed(properties: Record<string, object>, required: string[] = []) {
  return { type: "object", additionalProperties: false, properties, required };
}

/** Returns the schema of one rule: a level, or a list of a level and thresholds. */
function ruleSchema({ summary, thresholds }: GateRule) {
  const properties = Object.fromEntries(
    Object.entries(thresholds).map(([name, entry]) => {
      const { default: value, range: [minimum, maximum], unit } = entry;
      return [
        name,
        described(`${unit}; default: ${value}`, {
          type: "number",
          minimum,
          ...Number.isFinite(maximum) ? { maximum } : {},
        }),
      ];
    }),
  );
  return described(summary, entrySchema(closed(properties)));
}

/** Returns the schema of a level, or of a list of a level and thresholds. */
function entrySchema(thresholds: object) {
  return {
    if: { type: "array" },
    then: {
      type: "array",
      minItems: 1,
      maxItems: 2,
      items: [LEVELS, thresholds],
      additionalItems: false,
    },
    else: LEVELS,
  };
}

/**
 * Builds the JSON Schema (draft 7) of `gradient-health.json` from the rules and thresholds. `deno
 * task generate` writes it to `gradient-health.schema.json`, which validates configurations.
 */
export function buildSchema(): object {
  const model = closed({
    name: described("Name in reports and in the baseline; default: the path.", TEXT),
    path: described("File of a model, or module, relative to the folder of this file.", TEXT),
    weights: described(
      "File with its weights, of PyTorch or Keras, as --weights takes it; default: its own.",
      TEXT,
    ),
    batch: described("File with the batch; default: the module's, else random.", TEXT),
    objective: described(
      "What to differentiate; default: the module's, else the compiled loss, else sum.",
      {
        enum: [...OBJECTIVES],
      },
    ),
    examples: described(
      "How many examples to draw; default: 32, or fewer where a pass of them would not fit the WASM heap.",
      {
        type: "integer",
        minimum: 1,
        maximum: 1e6,
      },
    ),
    seeds: described('Seeds to check it under: [0, 1, 2] or "0..9"; default: 0 alone.', {
      if: { type: "string" },
      then: { pattern: "^\\d+\\.\\.\\d+$" },
      else: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      },
    }),
    trained: described(
      "Whether it has been trained: rules about initialisation then only give notes; default: " +
        "guessed from its biases.",
      { type: "boolean" },
    ),
    register: described("Modules that register its custom layers.", {
      type: "array",
      items: TEXT,
    }),
  }, ["path"]);
  const suppression = closed({
    rule: described("The rule whose finding is accepted.", {
      // A pattern alone accepts anything that is not a string.
      if: { type: "string", pattern: "/" },
      else: { enum: GATE_RULES.map(({ name }) => name) },
    }),
    layer: described('Name of the layer; "*" stands for any characters; default: "*".', TEXT),
    model: described("Name of the model; default: every model.", TEXT),
    reason: described("Why the finding is accepted.", TEXT),
    until: described("Last day on which it is in force, YYYY-MM-DD (UTC).", {
      type: "string",
      pattern: "^\\d{4}-\\d{2}-\\d{2}$",
    }),
  }, ["rule", "reason"]);
  const presets = Object.entries(PRESETS).map(([name, { summary }]) => `${name}: ${summary}`);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "gradient-health",
    ...closed({
      $schema: described("Where editors find this schema.", { type: "string" }),
      extends: described(`The preset to start from; default: recommended. ${presets.join("; ")}.`, {
        enum: Object.keys(PRESETS),
      }),
      models: described("The models to check by default.", {
        type: "array",
        items: model,
      }),
      plugins: described("Modules that export your own rules.", { type: "array", items: TEXT }),
      rules: described("Levels and thresholds of rules.", {
        // The name of a user's own rule has a prefix and a slash.
        patternProperties: {
          "/": entrySchema({ type: "object", additionalProperties: { type: "number" } }),
        },
        ...closed(Object.fromEntries(GATE_RULES.map((rule) => [rule.name, ruleSchema(rule)]))),
      }),
      suppressions: described("Findings that are known and accepted.", {
        type: "array",
        items: suppression,
      }),
      baseline: described("The baseline file, relative to the folder of this file.", TEXT),
      trialBudget: described(
        "Seconds that training a model on its batch may take, as estimated; default: 10.",
        { type: "number", exclusiveMinimum: 0, maximum: 86400 },
      ),
      failOn: described(
        "The verdict that fails the gate: weak allows no warning; default: sick.",
        { enum: ["sick", "weak"] },
      ),
      maxWarnings: described("How many warnings the gate allows; default: any number.", {
        type: "integer",
        minimum: 0,
      }),
    }),
  };
}
