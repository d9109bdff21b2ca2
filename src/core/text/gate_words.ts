import { diagnose } from "../diagnosis/diagnose.ts";
import {
  type Cause,
  causeCounts,
  causeName,
  countCauses,
  type Diagnosis,
  isFailing,
  type Verdict,
  VERDICTS,
} from "../diagnosis/diagnosis.ts";
import type { GateResult, GateRun } from "../diagnosis/gate_result.ts";
import { type GateFinding, SEVERITIES } from "../rules/finding.ts";
import type { Setting } from "../model/loaded_model.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import {
  nullable,
  number,
  object,
  optional,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { caveatLines } from "./render_header.ts";
import { cutEnd, displayWidth, padEnd, wrapText } from "./fit_text.ts";
import { layerRange } from "./fold_layers.ts";
import { paint, type TextStyle, VERDICT_LOOKS } from "./verdicts.ts";
import { causeLines, trialLines, verdictLine } from "./render_diagnosis.ts";
import { renderFindings } from "./render_findings.ts";

/** Names a run: `digits, seed 3`. */
export function gateTitle({ model, seed }: Pick<GateRun, "model" | "seed">): string {
  return `${model}, seed ${seed}`;
}

/** Says in sentences if the gate passes, and what it found in its models. */
export function gateSentences(result: GateResult, models: readonly ModelVerdict[]): string[] {
  const { passed, summary: { suppressed, unmeasured, skipped }, findings } = result;
  const tooMany = tooManyWarnings(result);
  const { errors, warnings } = countCauses(findings);
  const about = [
    ...errors > 0 ? [formatCount(errors, "error")] : [],
    ...warnings > 0 ? [formatCount(warnings, "warning")] : [],
  ];
  return [
    `Gate ${passed ? "passed" : "failed"}.`,
    ...stateOf(result, models),
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

/** Counts the models with the worst verdicts; for a single model, its causes. */
function stateOf(result: GateResult, models: readonly ModelVerdict[]): string[] {
  const measured = models.filter(({ verdict }) => verdict !== null);
  if (measured.length === 0) return models.length > 0 ? [] : ["No model was measured."];
  const states = VERDICTS.flatMap((verdict) => {
    const count = measured.filter((model) => model.verdict === verdict).length;
    return count === 0 ? [] : [{ verdict, count }];
  });
  // Healthy models are only mentioned if there are no others.
  const named = states.filter(({ verdict }) => verdict !== "healthy" || states.length === 1);
  const said = named.map(({ verdict, count }, i) =>
    `${i === 0 ? someOf(count, models) : count} ${stateWords(verdict, count)}`
  );
  const counts = models.length === 1 ? causeCounts(models[0].causes) : "";
  const isHarmless = named.at(-1)?.verdict === "weak" && !result.passed &&
    !failingVerdicts(result).includes("weak");
  const aside = isHarmless ? [`${said.pop()}, which does not fail the gate`] : [];
  const grave = [said.slice(0, -1).join(", "), ...said.slice(-1)].filter((words) => words !== "");
  return [
    `${[...grave.length === 0 ? [] : [grave.join(" and ")], ...aside].join("; ")}${
      counts === "" ? "" : `: ${counts}`
    }.`,
  ];
}

/** Names some of the models: `The model`, `Both models`, `2 of 3 models`. */
function someOf(count: number, { length }: readonly ModelVerdict[]): string {
  if (count < length) return `${count} of ${length} models`;
  if (length === 1) return "The model";
  return length === 2 ? "Both models" : `All ${length} models`;
}

function stateWords(verdict: Verdict, count: number): string {
  const { state } = VERDICT_LOOKS[verdict];
  return count === 1 ? state.one : state.several;
}

/**
 * Returns a line for each model of several: `x  exercise  SICK: 1 cause`, in the order of the runs.
 *
 * @param nameOf Formats the name of a model.
 */
export function modelLines(
  models: readonly ModelVerdict[],
  nameOf: (model: string) => string,
): { text: string; style: TextStyle }[] {
  if (models.length < 2) return [];
  const names = models.map(({ model }) => nameOf(model));
  const width = Math.max(...names.map(displayWidth));
  return models.map((model, i) => {
    const { verdict } = model;
    const name = padEnd(names[i], width);
    if (verdict === null) return { text: `x  ${name}  not measured`, style: "error" };
    const { mark, tone: style } = VERDICT_LOOKS[verdict];
    return { text: `${mark.padEnd(2)} ${name}  ${modelVerdictLine(model)}`, style };
  });
}

/** Returns the verdicts that fail a gate: `weak` too if it has more warnings than are allowed. */
export function failingVerdicts(result: GateResult): Verdict[] {
  return VERDICTS.filter((verdict) =>
    isFailing(verdict) || verdict === "weak" && tooManyWarnings(result) !== null
  );
}

/** Says that there are more warnings than allowed, without a full stop; `null` if there are not. */
export function tooManyWarnings({ maxWarnings, summary }: GateResult): string | null {
  if (maxWarnings === null || summary.warnings <= maxWarnings) return null;
  const many = summary.warnings === 1 ? "finding is a warning" : "findings are warnings";
  const limit = maxWarnings === 0
    ? "and none is allowed"
    : `more than maxWarnings (${maxWarnings})`;
  return `${formatCount(summary.warnings, many, many)}, ${limit}`;
}

/**
 * Says under which of several seeds something was found, to follow what it is about; empty for a
 * single seed.
 */
function underSeeds(seeds: readonly number[], of: number, { listed }: { listed: boolean }): string {
  if (of === 1) return "";
  const which = listed && seeds.length < of
    ? `: ${seeds.slice(0, 12).join(", ")}${seeds.length > 12 ? " ..." : ""}`
    : "";
  return `in ${seeds.length} of ${of} seeds${which}`;
}

/** Returns a model's verdict in one line: `SICK in 2 of 5 seeds: 1 cause`. */
export function modelVerdictLine(
  { verdict, failingSeeds, measured, ...titled }: ModelVerdict,
): string {
  const under = failingSeeds.length === 0
    ? ""
    : underSeeds(failingSeeds, measured.length, { listed: false });
  const diagnosis = { ...titled, verdict: verdict ?? "unjudged" };
  return verdictLine(diagnosis, { color: false }, under === "" ? "" : ` ${under}`);
}

/** Adds to a cause's sentence the seeds under which it was found, unless they are all. */
export function withSeeds(cause: SeedCause, { measured }: Pick<ModelVerdict, "measured">): Cause {
  if (cause.seeds.length === measured.length) return cause;
  const under = underSeeds(cause.seeds, measured.length, { listed: true });
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
function acceptedLines(
  findings: readonly GateFinding[],
  order: readonly string[],
  { width }: { width: number },
): string[] {
  return acceptedIn(findings, order).flatMap(({ rule, where, reason }) =>
    wrapText(escapeControls(`SUPPRESSED ${rule}: ${where} (${reason})`), width, "", "  ")
  );
}

const locationShape = object({
  file: string,
  line: nullable(number),
  text: optional(string),
});

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

const MAX_CAUSES_SHOWN = 3;

/** Options for drawing the lines. */
interface SectionStyle {
  /** Maximum width of a line. */
  width: number;
  /** True to colour the lines. */
  color: boolean;
  /** True to show every cause and every finding. */
  details: boolean;
  /** Finds where a layer is defined: its line is then shown below a cause. Default: none is. */
  locate?: Locate;
}

/**
 * Returns the lines about a measured model: the verdict; the causes, each once for all seeds, with
 * consequences and fixes; the trial; accepted findings; and, with details, the findings of the run
 * whose figures are shown.
 */
export function sectionLines(model: ModelVerdict, style: SectionStyle): string[] {
  const { causes, measured, runs } = model;
  const shown = model.shown!;
  const order = shown.measurements.layers.map(({ name }) => name);
  const most = style.details ? Infinity : MAX_CAUSES_SHOWN;
  const more = causes.length - most;
  const findings = runs.flatMap(({ findings }) => findings);
  return [
    ...caveatLines(shown.measurements, style.width),
    ...wrapText(modelVerdictLine(model), style.width).map((line) =>
      paint(line, VERDICT_LOOKS[model.verdict!].tone, style.color)
    ),
    ...causes.slice(0, most).flatMap((cause, i) => [
      ...causeLines(withSeeds(cause, model), `${i + 1}. `, cause.run.measurements.layers, style),
      ...frameLines(cause, model, style),
    ]),
    ...more > 0 ? wrapText(`${formatCount(more, "more cause")} with --details.`, style.width) : [],
    ...measured.length > 1 && causes.length > 0
      ? wrapText(`Numbers shown for seed ${shown.seed}.`, style.width)
      : [],
    ...trialLines(diagnosisOf(shown), style),
    ...acceptedLines(findings, orderOf(measured), style),
    ...style.details ? detailLines(model, order, style) : notesOf(findings, order, style),
  ];
}

function orderOf(runs: readonly MeasuredRun[]): string[] {
  return runs.flatMap(({ measurements }) => measurements.layers.map(({ name }) => name));
}

/** A missing or renamed baseline is shown even without details. */
function notesOf(findings: readonly GateFinding[], order: string[], style: SectionStyle): string[] {
  const noted = findings.filter((finding) =>
    finding.rule === "baseline" && finding.severity === "note" && isOpen(finding)
  );
  const said = new Set(noted.map(({ message }) => message));
  const each = [...said].map((message) => noted.find((finding) => finding.message === message)!);
  return trimmed(renderFindings(each, order, { ...style, sums: false }));
}

/**
 * Lists every finding of the run that is shown; for several runs, also which rules found something
 * in which.
 */
function detailLines(
  { shown, measured }: ModelVerdict,
  order: string[],
  style: SectionStyle,
): string[] {
  const open = shown!.findings.filter(isOpen);
  const seed = measured.length === 1 || open.length === 0
    ? []
    : ["", `Findings under seed ${shown!.seed}:`];
  const over = measured.length === 1 ? [] : overSeeds(measured, style);
  const said = trimmed(renderFindings(open, order, { ...style, sums: false }));
  return [
    ...over.length === 0 ? [] : ["", ...over],
    ...seed,
    ...said.length === 0 ? [] : ["", ...said],
  ];
}

/** Lists the rules that found something, with the seeds. */
function overSeeds(runs: readonly GateRun[], { width, color }: SectionStyle): string[] {
  return (["error", "warning"] as const).flatMap((severity) => {
    const open = runs.map(({ seed, findings }) => ({
      seed,
      rules: new Set(findings.filter((one) => one.severity === severity).map(({ rule }) => rule)),
    }));
    return [...new Set(open.flatMap(({ rules }) => [...rules]))].flatMap((rule) => {
      const seeds = open.filter(({ rules }) => rules.has(rule)).map(({ seed }) => seed);
      const text = `${severity.toUpperCase()} ${rule} ${
        underSeeds(seeds, runs.length, { listed: true })
      }`;
      return wrapText(escapeControls(text), width, "", "  ")
        .map((line) => paint(line, severity, color));
    });
  });
}

const MAX_LINES_OF_CODE = 3;

/** Returns the code that defines the first layer of a cause: `net.ts:7 | tf.layers...`. */
function frameLines(
  { layers }: SeedCause,
  { path }: ModelVerdict,
  { locate, width, color }: SectionStyle,
): string[] {
  if (locate === undefined || layers.length === 0) return [];
  const { file, line, text } = locateCause(locate, path, layers);
  if (line === null || line === locate(path, null).line) return [];
  const place = `   ${escapeControls(`${file}:${line}`)}`;
  const code = escapeControls(text?.trim() ?? "");
  const whole = code === "" ? place : `${place} | ${code}`;
  const lines = displayWidth(whole) <= width ? [whole] : [
    cutEnd(place, width, ".."),
    ...wrapText(code, width, "   | ", "   | ").slice(0, MAX_LINES_OF_CODE),
  ];
  return lines.map((said) => paint(said, "faint", color));
}

const trimmed = (lines: string[]) => lines.at(-1) === "" ? lines.slice(0, -1) : lines;

/** Place where something is defined. */
export interface GateLocation {
  /** Path of the file, relative to the root of the repository. */
  file: string;
  /** Line, counted from 1, or `null` if unknown. */
  line: number | null;
  /** Text of the line; absent if unknown. */
  text?: string;
}

/**
 * Finds where a layer of a model is defined; `layer: null` asks for the model.
 *
 * @param path The model's file, as the gate knows it.
 * @param layer The layer's name.
 */
export type Locate = (path: string, layer: string | null) => GateLocation;

/** Run that was measured. */
type MeasuredRun = GateRun & { measurements: NonNullable<GateRun["measurements"]> };

/** Cause in one model, merged over its seeds. */
export interface SeedCause extends Cause {
  /** Seeds under which it was found, in the order of the runs. */
  seeds: number[];
  /** Run whose figures are shown. */
  run: MeasuredRun;
}

/** Verdict on a model over all its runs. */
export interface ModelVerdict {
  model: string;
  /** Its file. */
  path: string;
  /** All its runs. */
  runs: GateRun[];
  /** Runs that were measured. */
  measured: MeasuredRun[];
  /** Worst verdict of all seeds; `null` if nothing was measured. */
  verdict: Diagnosis["verdict"] | null;
  /** Settings of the compiled program that were not judged. */
  notJudged: Setting[];
  /** Rules that judged it, if it is a file of weights alone. */
  weightsOnly: Diagnosis["weightsOnly"];
  /** Trial of the run that is shown. */
  trial: Diagnosis["trial"];
  /** Seeds under which it has this verdict; empty if nothing was found under any. */
  failingSeeds: number[];
  /** Causes, most severe first, each once for all seeds. */
  causes: SeedCause[];
  /**
   * Run that represents the others: the first with the worst verdict, or with a cause if all are
   * healthy.
   */
  shown: MeasuredRun | null;
}

/** Diagnoses a run from the findings that count. */
export function diagnosisOf({ diagnosis, measurements, findings }: MeasuredRun): Diagnosis {
  return diagnosis ?? diagnose(measurements, findings);
}

export function modelVerdicts(runs: readonly GateRun[]): ModelVerdict[] {
  return [...Map.groupBy(runs, ({ model }) => model).values()].map(verdictOf);
}

function verdictOf(runs: GateRun[]): ModelVerdict {
  const measured = runs.filter((run): run is MeasuredRun => run.measurements !== null);
  const diagnosed = measured.map((run) => ({ run, diagnosis: diagnosisOf(run) }));
  const verdict =
    VERDICTS.find((one) => diagnosed.some(({ diagnosis }) => diagnosis.verdict === one)) ?? null;
  const alike = diagnosed.filter(({ diagnosis }) => diagnosis.verdict === verdict);
  const failing = verdict === "healthy" || verdict === "unjudged" ? [] : alike;
  const shown = failing[0] ?? diagnosed.find(({ diagnosis }) => diagnosis.causes.length > 0) ??
    alike[0];
  const { model, path } = runs[0];
  return {
    model,
    path,
    runs,
    measured,
    verdict,
    notJudged: shown?.diagnosis.notJudged ?? [],
    weightsOnly: shown?.diagnosis.weightsOnly,
    trial: shown?.diagnosis.trial,
    failingSeeds: failing.map(({ run }) => run.seed),
    causes: merged([
      ...diagnosed.filter((one) => one === shown),
      ...diagnosed.filter((one) => one !== shown),
    ], measured),
    shown: shown?.run ?? null,
  };
}

/**
 * Merges the causes of several seeds. Causes are the same if they are of one kind and share at
 * least some layers, since the draw decides in how many layers a fault shows.
 */
function merged(
  diagnosed: { run: MeasuredRun; diagnosis: Diagnosis }[],
  order: MeasuredRun[],
): SeedCause[] {
  const all: { cause: SeedCause; runs: Set<MeasuredRun> }[] = [];
  for (const { run, diagnosis } of diagnosed) {
    const open = all.filter(({ runs }) => !runs.has(run));
    for (const cause of diagnosis.causes) {
      const known = open.find((other) =>
        !other.runs.has(run) && causeName(other.cause) === causeName(cause)
      ) ?? open.find((other) => !other.runs.has(run) && overlap(other.cause, cause));
      if (known === undefined) {
        all.push({ cause: { ...cause, seeds: [], run }, runs: new Set([run]) });
        continue;
      }
      known.runs.add(run);
      if (rankOf(cause) < rankOf(known.cause)) known.cause = { ...cause, seeds: [], run };
    }
  }
  return all.map(({ cause, runs }) => ({
    ...cause,
    seeds: order.filter((run) => runs.has(run)).map(({ seed }) => seed),
  })).toSorted((a, b) => rankOf(a) - rankOf(b));
}

const rankOf = ({ severity }: Cause) => SEVERITIES.indexOf(severity);

function overlap(a: Cause, b: Cause): boolean {
  return a.kind === b.kind && a.layers.some((name) => b.layers.includes(name));
}
