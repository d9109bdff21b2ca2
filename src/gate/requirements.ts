import { PRESETS } from "./presets.ts";
import {
  arrayOf,
  flag,
  must,
  number,
  object,
  objectWith,
  optional,
  orNull,
  recordOf,
  type Requirement,
  text,
} from "../words/requirements.ts";

/** Accepted findings of a configuration. */
export const suppressionsShape: Requirement = arrayOf(objectWith({
  rule: text,
  layer: optional(text),
  model: optional(text),
  reason: text,
  until: optional(text),
}));

const level = must(
  '"off", "warn" or "error"',
  (value) => value === "off" || value === "warn" || value === "error",
);

/** Setting of a rule. */
export const ruleSettingShape: Requirement = objectWith({ level, thresholds: object });

/** Settings of rules by name. */
export const ruleSettingsShape: Requirement = recordOf(ruleSettingShape);

/** Context in which suppressions are judged. */
export const suppressionContextShape: Requirement = objectWith({
  today: text,
  complete: must("a Set", (value) => value instanceof Set),
  all: flag,
});

/** Stored figures with which a rule compares a run. */
export const baselineEntryShape: Requirement = orNull(
  objectWith({ name: text, seed: number, figures: orNull(object), renamed: orNull(text) }),
);

/** Text of a configuration file. */
export const foundShape: Requirement = objectWith({ file: text, text, key: orNull(text) });

const ruleEntry: Requirement = (value, place) => {
  if (!Array.isArray(value)) return level(value, place);
  return level(value[0], `${place}[0]`) ?? optional(object)(value[1], `${place}[1]`);
};

/** Contents of a configuration, as far as filling in the defaults needs them. */
export const configurationShape: Requirement = objectWith({
  extends: optional(
    must(
      `one of ${Object.keys(PRESETS).join(", ")}`,
      (value) => typeof value === "string" && Object.hasOwn(PRESETS, value),
    ),
  ),
  models: optional(arrayOf(objectWith({
    name: optional(text),
    path: text,
    weights: optional(text),
    batch: optional(text),
    objective: optional(text),
    examples: optional(number),
    seeds: optional((value, place) =>
      typeof value === "string" ? null : arrayOf(number)(value, place)
    ),
    trained: optional(flag),
    register: optional(arrayOf(text)),
  }))),
  plugins: optional(arrayOf(text)),
  rules: optional(recordOf(ruleEntry)),
  suppressions: optional(suppressionsShape),
  baseline: optional(text),
  trialBudget: optional(number),
  failOn: optional(text),
  maxWarnings: optional(number),
});
