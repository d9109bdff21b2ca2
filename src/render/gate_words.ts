import { formatCount } from "../words/numbers.ts";
import type { Locate } from "./gate_location.ts";
import { number, objectWith, orNull, requireValue, text } from "../words/requirements.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import type { ModelVerdict, SeedCause } from "./model_verdicts.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { displayWidth, padEnd } from "./display_width.ts";
import { layerRange } from "./layer_range.ts";
import type { TextStyle } from "./paint.ts";
import { countCauses, verdictLine, verdictPaint } from "./render_diagnosis.ts";
import { wrapText } from "./wrap_text.ts";

/** Names a run: `digits, seed 3`. */
export function gateTitle({ model, seed }: Pick<GateRun, "model" | "seed">): string {
  return `${model}, seed ${seed}`;
}

/** Says in sentences if the gate passes, and what it found in its models. */
export function gateSentences(
  result: GateResult,
  models: readonly ModelVerdict[],
): string[] {
  const { passed, summary: { suppressed, unmeasured, skipped }, findings } = result;
  const tooMany = tooManyWarnings(result);
  const { errors, warnings } = countCauses(findings);
  const about = [
    ...errors > 0 ? [formatCount(errors, "error")] : [],
    ...warnings > 0 ? [formatCount(warnings, "warning")] : [],
  ];
  return [
    `Gate ${passed ? "passed" : "failed"}.`,
    ...stateOf(models),
    ...notJudgedWords(models),
    ...about.length > 0 ? [`The configuration has ${about.join(" and ")}.`] : [],
    ...tooMany === null ? [] : [`${tooMany}.`],
    ...unmeasured > 0 ? [`${formatCount(unmeasured, "run")} could not be measured.`] : [],
    ...skipped > 0
      ? [`${formatCount(skipped, "run")} ${skipped === 1 ? "was" : "were"} skipped.`]
      : [],
    ...suppressed > 0
      ? [`${formatCount(suppressed, "finding")} ${suppressed === 1 ? "is" : "are"} suppressed.`]
      : [],
  ];
}

/** Says for how many models the loss or the optimizer was not judged. */
function notJudgedWords(models: readonly ModelVerdict[]): string[] {
  const counts = Map.groupBy(models.flatMap(({ notJudged }) => notJudged), (setting) => setting);
  return [...counts].map(([setting, { length }]) =>
    models.length === 1
      ? `Its ${setting} was not judged.`
      : `The ${setting} of ${formatCount(length, "model")} was not judged.`
  );
}

/** Says how many models are sick or have changed, and how many causes there are. */
function stateOf(models: readonly ModelVerdict[]): string[] {
  const measured = models.filter(({ verdict }) => verdict !== null);
  if (measured.length === 0) return models.length > 0 ? [] : ["No model was measured."];
  const { errors, warnings } = countCauses(measured.flatMap(({ causes }) => causes));
  const also = warnings === 0 ? "" : `, ${formatCount(warnings, "warning")}`;
  const sick = measured.filter(({ verdict }) => verdict === "sick").length;
  const changed = measured.filter(({ verdict }) => verdict === "changed").length;
  if (sick + changed === 0) {
    return [`${someOf(measured.length, models)} ${stateWords("healthy", measured.length)}${also}.`];
  }
  const state = sick === 0
    ? `${someOf(changed, models)} ${stateWords("changed", changed)}`
    : `${someOf(sick, models)} ${stateWords("sick", sick)}`;
  const rest = sick > 0 && changed > 0 ? ` and ${changed} ${stateWords("changed", changed)}` : "";
  return [`${state}${rest}: ${formatCount(errors, "cause")}${also}.`];
}

/** Names some of the models: `The model`, `Both models`, `2 of 3 models`. */
function someOf(count: number, { length }: readonly ModelVerdict[]): string {
  if (count < length) return `${count} of ${length} models`;
  if (length === 1) return "The model";
  return length === 2 ? "Both models" : `All ${length} models`;
}

function stateWords(state: Diagnosis["verdict"], count: number): string {
  if (state === "changed") return count === 1 ? "has changed" : "have changed";
  return `${count === 1 ? "is" : "are"} ${state}`;
}

const MARKS = { sick: "x", changed: "x", healthy: "ok" };

/**
 * Returns a line for each model of several: `x  exercise  SICK: 1 cause`, in the order of the runs.
 *
 * @param nameOf How to write the name of a model.
 */
export function modelLines(
  models: readonly ModelVerdict[],
  nameOf: (model: string) => string,
): { text: string; style: TextStyle }[] {
  if (models.length < 2) return [];
  const names = models.map(({ model }) => nameOf(model));
  const width = Math.max(...names.map(displayWidth));
  return models.map((model, i) => {
    const { verdict, notJudged, causes } = model;
    const name = padEnd(names[i], width);
    if (verdict === null) return { text: `x  ${name}  not measured`, style: "error" };
    const style = verdictPaint({ verdict, notJudged, causes });
    const mark = style === "warning" ? "!" : MARKS[verdict];
    return { text: `${mark.padEnd(2)} ${name}  ${modelVerdictLine(model)}`, style };
  });
}

/** Says that there are more warnings than allowed, without a full stop; `null` if there are not. */
export function tooManyWarnings({ maxWarnings, summary }: GateResult): string | null {
  if (maxWarnings === null || summary.warnings <= maxWarnings) return null;
  const many = summary.warnings === 1 ? "finding is a warning" : "findings are warnings";
  return `${formatCount(summary.warnings, many, many)}, more than maxWarnings (${maxWarnings})`;
}

/**
 * Says under which of several seeds something was found, to follow what it is about; empty for a
 * single seed.
 */
export function underSeeds(seeds: readonly number[], of: number, listed: boolean): string {
  if (of === 1) return "";
  const which = listed && seeds.length < of
    ? `: ${seeds.slice(0, 12).join(", ")}${seeds.length > 12 ? " ..." : ""}`
    : "";
  return `in ${seeds.length} of ${of} seeds${which}`;
}

/** Returns a model's verdict in one line: `SICK in 2 of 5 seeds: 1 cause`. */
export function modelVerdictLine(
  { verdict, notJudged, causes, failingSeeds, measured }: ModelVerdict,
): string {
  const under = underSeeds(failingSeeds, measured.length, false);
  const diagnosis = { verdict: verdict ?? "healthy", notJudged, causes } as const;
  return verdictLine(diagnosis, { color: false }, under === "" ? "" : ` ${under}`);
}

/** Adds to a cause's sentence the seeds under which it was found, unless they are all. */
export function withSeeds(cause: SeedCause, { measured }: Pick<ModelVerdict, "measured">): Cause {
  if (cause.seeds.length === measured.length) return cause;
  const under = underSeeds(cause.seeds, measured.length, true);
  return { ...cause, message: `${cause.message} Found ${under}.` };
}

/** Returns true if no suppression accepts a finding. */
export const isOpen = ({ suppressed }: GateFinding): boolean => suppressed === undefined;

/** Groups suppressed findings by rule and reason, with the layers of each. */
export function acceptedIn(
  findings: readonly GateFinding[],
  order: readonly string[],
): { rule: string; where: string; reason: string }[] {
  const accepted = findings.filter((finding) => !isOpen(finding));
  const groups = Map.groupBy(
    accepted,
    ({ rule, suppressed }) => JSON.stringify([rule, suppressed]),
  );
  return [...groups.values()].map((group) => {
    const layers = new Set(group.map(({ layer }) => layer));
    const names = [...layers].filter((layer) => layer !== null);
    const whole = layers.has(null) ? ["the whole model"] : [];
    const where = [...whole, ...names.length > 0 ? [layerRange(names, { order })] : []].join(", ");
    return { rule: group[0].rule, where, reason: group[0].suppressed! };
  });
}

/** Lists what suppressions accept, and why. */
export function acceptedLines(
  findings: readonly GateFinding[],
  order: readonly string[],
  { width }: { width: number },
): string[] {
  return acceptedIn(findings, order).flatMap(({ rule, where, reason }) =>
    wrapText(escapeControls(`SUPPRESSED ${rule}: ${where} (${reason})`), width, "", "  ")
  );
}

const locationShape = objectWith({ file: text, line: orNull(number) });

/**
 * Finds where a cause is defined: the first of its layers with a known line, otherwise the model.
 */
export function locateCause(
  locate: Locate,
  path: string,
  layers: readonly string[],
): ReturnType<Locate> {
  const model = locate(path, null);
  for (const layer of layers) {
    const own = locate(path, layer);
    if (own.line !== null && own.line !== model.line) return own;
  }
  return model;
}

/** Wraps a caller's function that locates layers to check its results. */
export function checkedLocate(locate: Locate): Locate {
  return (path, layer) => {
    const location = locate(path, layer);
    requireValue("what locate returns", location, locationShape);
    return location;
  };
}
