import type { Finding } from "../rules/finding.ts";
import { trialResult } from "../rules/describe_trial.ts";
import { describeFix, triedPart } from "../diagnosis/fix_words.ts";
import {
  type Cause,
  countCauses,
  type Diagnosis,
  type Titled,
  type Tried,
  verdictWords,
} from "../diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import { callPlace } from "../model/layers/layer_source.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { layerRange } from "./fold_layers.ts";
import { paint, VERDICT_LOOKS } from "./verdicts.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { wrapText } from "./fit_text.ts";

const MAX_CAUSES_SHOWN = 3;

/** Options for drawing the lines. */
interface DiagnosisStyle {
  width: number;
  color: boolean;
}

/**
 * Draws a diagnosis: the verdict, then the most severe causes, each with its consequences and fix.
 *
 * @param layers All layers, in the order of the forward pass.
 * @param style Maximum width of a line, and whether to colour.
 */
export function renderDiagnosis(
  diagnosis: Diagnosis,
  layers: readonly Pick<LayerMeasurements, "name" | "className" | "source">[],
  style: DiagnosisStyle,
): string[] {
  const { causes } = diagnosis;
  const shown = causes.slice(0, MAX_CAUSES_SHOWN);
  return [
    verdictLine(diagnosis, style),
    ...shown.flatMap((cause, i) => causeLines(cause, `${i + 1}. `, layers, style)),
    ...trialLines(diagnosis, style),
    ...causes.length > MAX_CAUSES_SHOWN
      ? wrapText(
        `${formatCount(causes.length - MAX_CAUSES_SHOWN, "more cause")} in the JSON report.`,
        style.width,
      )
      : [],
  ];
}

/** Trial, with the causes that are shown beside it. */
interface TrialText extends Pick<Diagnosis, "trial" | "rates"> {
  causes: readonly Pick<Diagnosis["causes"][number], "message">[];
}

/** Describes the trial, before and after the fixes, and the learning rates. */
export function trialLines(
  { trial, rates, causes }: TrialText,
  { width }: Pick<DiagnosisStyle, "width">,
): string[] {
  const say = (text: string) => wrapText(escapeControls(text), width, "", "  ");
  const ratesSaid = rates === undefined ? [] : say(rates.said);
  if (trial === undefined) return ratesSaid;
  // A network that does not learn is a separate finding, in these words.
  const isSaid = causes.slice(0, MAX_CAUSES_SHOWN).some(({ message }) =>
    message.includes(trial.said)
  );
  return [
    ...say(`${trialResult(trial.verdict, trial.givenVerdict)}${isSaid ? "" : `: ${trial.said}`}.`),
    // If only the rate was wrong, the trial itself has shown the fix.
    ...trial.fixed === undefined || trial.fixed === trial.said
      ? []
      : say(`${trialResult(trial.fixedVerdict ?? "")} with the fixes: ${trial.fixed}.`),
    ...ratesSaid,
  ];
}

/**
 * Returns the verdict in one line, coloured if requested.
 *
 * @param under Seeds under which it is sick, if there are several: ` in 2 of 5 seeds`.
 */
export function verdictLine(
  diagnosis: Titled,
  { color }: Pick<DiagnosisStyle, "color">,
  under = "",
): string {
  const { tone } = VERDICT_LOOKS[diagnosis.verdict];
  return paint(verdictWords(diagnosis, under), tone, color);
}

/**
 * Counts the findings: `36 findings come from 1 cause, plus 1 note`, or `1 warning, 1 note` if each is a
 * cause of its own.
 */
export function findingWords(
  findings: readonly Pick<Finding, "severity">[],
  causes: readonly Pick<Cause, "severity">[],
): string {
  const notes = findings.filter(({ severity }) => severity === "note").length;
  const open = findings.length - notes;
  if (open === 0) return formatCount(notes, "note");
  const { errors, warnings } = countCauses(causes);
  const from = [
    ...errors === 0 ? [] : [formatCount(errors, "cause")],
    ...warnings === 0 ? [] : [formatCount(warnings, "warning")],
  ];
  const also = notes === 0 ? [] : [formatCount(notes, "note")];
  if (open === errors + warnings) return [...from, ...also].join(", ");
  return [`${formatCount(open, "finding")} come from ${from.join(" and ")}`, ...also]
    .join(", plus ");
}

/** Describes a cause: its message, fix, the result of trying the fix, and its consequences. */
export function causeLines(
  { severity, message, consequences, fixes, tried, layers: own }: Cause,
  number: string,
  layers: readonly Pick<LayerMeasurements, "name" | "className" | "source">[],
  { width, color }: DiagnosisStyle,
): string[] {
  const indent = " ".repeat(number.length);
  const say = (text: string) => wrapText(escapeControls(text), width, indent);
  const follows = followWords(consequences, layers).map(({ text }) => text);
  return [
    ...wrapText(escapeControls(message), width, number, indent)
      .map((line) => paint(line, severity === "note" ? "strong" : severity, color)),
    ...placesOf(own, layers).flatMap(say),
    ...fixWords({ fixes, tried }, layers).flatMap((fix) => say(`Fix: ${fix}`)),
    ...triedWords({ fixes, tried }).flatMap(say),
    ...follows.length === 0 ? [] : say(`As a result: ${follows.join("; ")}.`),
  ];
}

const MAX_LINES_NAMED = 3;

/** Names the lines of the user's PyTorch code that call some layers: none, or one sentence. */
export function placesOf(
  names: readonly string[],
  layers: readonly Pick<LayerMeasurements, "name" | "source">[],
): string[] {
  const places = new Set(
    layers.flatMap(({ name, source }) => names.includes(name) ? callPlace(source) ?? [] : []),
  );
  if (places.size === 0) return [];
  const shown = [...places].slice(0, MAX_LINES_NAMED).join(", ");
  const rest = places.size - MAX_LINES_NAMED;
  return [`In ${shown}${rest > 0 ? ` and ${formatCount(rest, "more line")}` : ""}.`];
}

/**
 * Returns the fixes to suggest: all that were tried together and worked, otherwise only the first.
 * If the fix of an activation redraws kernels, these are not listed separately.
 */
export function fixOf(fixes: Cause["fixes"], tried: Tried | undefined): Cause["fixes"] {
  if (!tried?.worked) return fixes.slice(0, 1);
  return fixes.filter((fix, i) =>
    !(fix.kind === "rescale" || fix.kind === "redraw") ||
    !fixes.slice(i + 1).some((later) =>
      later.kind === "activation" &&
      fix.weights.every(({ layer }) => later.layers.includes(layer))
    )
  );
}

/** Describes the fix of a cause in sentences. */
export function fixWords(
  { fixes, tried }: Pick<Cause, "fixes" | "tried">,
  layers: readonly Pick<LayerMeasurements, "name" | "className">[],
): string[] {
  return fixOf(fixes, tried).map((fix) => describeFix(fix, layers));
}

/**
 * Describes the consequences of a cause and their layers; those in the same layers share a
 * sentence.
 */
export function followWords(
  consequences: Cause["consequences"],
  layers: readonly Pick<LayerMeasurements, "name">[],
): { text: string; layers: string[] }[] {
  const order = layers.map(({ name }) => name);
  const groups = Map.groupBy(consequences, ({ layers }) => layerRange(layers, { order, max: 2 }));
  return [...groups].map(([where, alike]) => {
    const what = alike.map(({ problem }) => problem).join(" and ");
    return { text: where === "" ? what : `${what} in ${where}`, layers: alike[0].layers };
  });
}

/**
 * Returns the names of the rules behind some causes, as used in thresholds, suppressions and
 * `explain`.
 */
export function brokenRules(causes: readonly Cause[]): string {
  const rules = new Set(causes.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
  return `Broken rules: ${[...rules].join(", ")}.`;
}

/** Describes the result of trying the fixes that are shown: one sentence, none if nothing was tried. */
export function triedWords({ fixes, tried }: Pick<Cause, "fixes" | "tried">): string[] {
  if (tried === undefined) return [];
  const shown = fixOf(fixes, tried);
  const part = shown.length === 1 ? triedPart(shown[0]) : "all of them together";
  return [resultWords(tried, part === "" ? "Tried" : `Tried ${part}`)];
}

function resultWords(
  { worked, figure, steps, ...result }: Tried,
  what: string,
): string {
  if (!worked) return "Tried the usual fixes on this model: none helped.";
  const moved = figure === null
    ? ""
    : `; ${figure.title} of ${figure.layer}: ${formatNumber(figure.before)} before, ` +
      `${formatNumber(figure.after)} after`;
  const sooner = steps === undefined
    ? ""
    : `, and the network learns its batch in ${formatCount(steps.after, "step")} instead of ` +
      `${steps.before}`;
  return `${what}: ${goneWords(result)}${sooner}${moved}.`;
}

/** Describes the effect of a fix: the warning or cause that is gone, or the new verdict. */
function goneWords(
  { errors, left, verdict, onePass = false }: Pick<
    Tried,
    "errors" | "left" | "verdict" | "onePass"
  >,
): string {
  if (errors === 0) return "this warning is then gone";
  if (left === 0 && verdict === "unjudged") return "no finding is then left";
  return left === 0
    ? `the model is then ${verdict.toUpperCase()}${onePass ? " by one pass, without training" : ""}`
    : "this cause is then gone, but not all are";
}
