import { InputError, refusal } from "../words/input_error.ts";
import type { StudyWords, ThresholdEntry } from "./rule.ts";
import type { RuleRecord } from "./rule_record.ts";
import { showValue } from "../words/show_value.ts";

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
export function requireRecord(record: object, bars: "of" | "rows"): void {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new InputError(
      refusal`record is ${showValue(record)}, expected an object that makes a rule`,
    );
  }
  const given = record as Given;
  const { name, tags = [], stage = "any", level = "error", thresholds = {}, figure, study } = given;
  const require: RequirePart = (isRight, part, value, expected) => {
    if (isRight) return;
    const whose = part === "name" ? "" : ` of the rule ${name}`;
    throw new InputError({ place: `${part}${whose}`, found: showValue(value), expected });
  };
  require(
    typeof name === "string" && NAME.test(name),
    "name",
    name,
    'words in small letters, joined by hyphens, such as "dead-units" or "team/dead-units"',
  );
  for (const part of ["problem", "summary", "fix"] as const) {
    const text = given[part];
    require(typeof text === "string" && text.trim() !== "", part, text, "a text");
  }
  require(
    Array.isArray(tags) && tags.every((tag) => TAGS.includes(tag)),
    "tags",
    tags,
    `an array of ${TAGS.join(", ")}`,
  );
  require(stage === "any" || stage === "initial", "stage", stage, '"any" or "initial"');
  require(level === "error" || level === "warn", "level", level, '"error" or "warn"');
  const { title, scale, [bars]: makesBars } = Object(figure);
  const isFigure = typeof title === "string" && (scale === "linear" || scale === "log") &&
    typeof makesBars === "function";
  require(
    isFigure,
    "figure",
    figure,
    `an object with a title, the scale "linear" or "log" and a function ${bars}`,
  );
  require(study === undefined || isStudyWords(study), "study", study, STUDY);
  require(typeof given.judge === "function", "judge", given.judge, "a function");
  require(typeof thresholds === "object", "thresholds", thresholds, "an object");
  requireEntries(thresholds, require);
}

/** Rejects a part of a record unless it is right. */
type RequirePart = (isRight: boolean, part: string, value: unknown, expected: string) => void;

function requireEntries(thresholds: object, require: RequirePart): void {
  for (const [key, entry] of Object.entries(thresholds)) {
    const part = `thresholds.${key}`;
    const isName = KEY.test(key) && !TAKEN.includes(key);
    require(isName, "a name in thresholds", key, "one in camel case that no option has");
    const { default: value, range, unit, source, about, atMost } = Object(entry) as ThresholdEntry;
    const [low, high] = Array.isArray(range) ? range : [NaN, NaN];
    const isEntry = [value, low, high].every((number) =>
      typeof number === "number" && !isNaN(number)
    ) &&
      [unit, source, about].every((text) => typeof text === "string" && text !== "");
    require(isEntry, part, entry, "{ default, unit, range: [low, high], source, about }");
    require(value >= low && value <= high, `${part}.default`, value, `a number within its range`);
    const isKnown = atMost === undefined || Object.hasOwn(thresholds, atMost);
    require(isKnown, `${part}.atMost`, atMost, "the name of another threshold of the rule");
  }
}
