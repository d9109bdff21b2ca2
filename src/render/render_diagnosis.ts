import { trialResult } from "../checks/describe_trial.ts";
import { describeCure } from "../diagnosis/cure_words.ts";
import type { Cause, Diagnosis, Tried } from "../diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { layerRange } from "./layer_range.ts";
import { paint } from "./paint.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import { wrapText } from "./wrap_text.ts";

const MAX_CAUSES_SHOWN = 3;

/** How the lines look. */
interface DiagnosisStyle {
  width: number;
  color: boolean;
}

/**
 * Says what is wrong: the verdict, then the gravest causes, each with what follows from it and what to do.
 *
 * @param diagnosis The diagnosis.
 * @param layers All layers, in the order of the forward pass.
 * @param style How wide the lines may be, and whether they are coloured.
 */
export function renderDiagnosis(
  diagnosis: Diagnosis,
  layers: readonly Pick<LayerMeasurements, "name" | "className">[],
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

/** What training has shown, before and after the cures. */
export function trialLines(
  { trial }: Diagnosis,
  { width }: Pick<DiagnosisStyle, "width">,
): string[] {
  if (trial === undefined) return [];
  const say = (text: string) => wrapText(escapeControls(text), width, "", "  ");
  return [
    ...say(`${trialResult(trial.verdict, trial.givenVerdict)}: ${trial.said}.`),
    // Where the rate alone was wrong, the trial itself has shown what helps.
    ...trial.cured === undefined || trial.cured === trial.said
      ? []
      : say(`${trialResult(trial.curedVerdict ?? "")} with the fixes: ${trial.cured}.`),
  ];
}

/**
 * The verdict in one line: `SICK: 1 cause`.
 *
 * @param diagnosis The verdict and the causes.
 * @param style Whether it is coloured.
 * @param under Under which seeds it is sick, where there are several: ` in 2 of 5 seeds`.
 */
export function verdictLine(
  { verdict, notJudged = [], causes }: Pick<Diagnosis, "verdict" | "notJudged" | "causes">,
  { color }: Pick<DiagnosisStyle, "color">,
  under = "",
): string {
  const { errors, warnings } = countCauses(causes);
  const also = [
    ...warnings === 0 ? [] : [formatCount(warnings, "warning")],
    ...notJudged.map((setting) => `${setting} not judged`),
  ].map((text) => `, ${text}`).join("");
  const text = verdict === "healthy"
    ? `HEALTHY${also}`
    : `${verdict.toUpperCase()}${under}: ${formatCount(errors, "cause")}${also}`;
  return paint(text, verdictPaint({ verdict, notJudged, causes }), color);
}

/** How a verdict is coloured. */
export function verdictPaint(
  { verdict, notJudged = [], causes }: Pick<Diagnosis, "verdict" | "notJudged" | "causes">,
) {
  if (verdict === "sick") return "error";
  if (verdict === "changed") return "changed";
  return countCauses(causes).warnings === 0 && notJudged.length === 0 ? "healthy" : "warning";
}

/** How many causes make a network sick, or findings fail a gate, and how many only warn. */
export function countCauses(
  causes: readonly Pick<Cause, "severity">[],
): { errors: number; warnings: number } {
  const count = (severity: Cause["severity"]) =>
    causes.filter((cause) => cause.severity === severity).length;
  return { errors: count("error"), warnings: count("warning") };
}

/** What a cause is, what to do about it, what came of trying that, and what follows from it. */
export function causeLines(
  { severity, message, consequences, cures, tried }: Cause,
  number: string,
  layers: readonly Pick<LayerMeasurements, "name" | "className">[],
  { width, color }: DiagnosisStyle,
): string[] {
  const indent = " ".repeat(number.length);
  const say = (text: string) => wrapText(escapeControls(text), width, indent);
  const follows = followWords(consequences, layers).map(({ text }) => text);
  return [
    ...wrapText(escapeControls(message), width, number, indent)
      .map((line) => paint(line, severity === "note" ? "strong" : severity, color)),
    ...fixWords({ cures, tried }, layers).flatMap((fix) => say(`Fix: ${fix}`)),
    ...tried === undefined ? [] : say(triedWords(tried)),
    ...follows.length === 0 ? [] : say(`As a result: ${follows.join("; ")}.`),
  ];
}

/**
 * What was not tried is one suggestion; what worked was done together. Kernels that another activation has drawn
 * again are named with that alone.
 */
export function fixOf(cures: Cause["cures"], tried: Tried | undefined): Cause["cures"] {
  if (!tried?.worked) return cures.slice(0, 1);
  return cures.filter((cure, i) =>
    !(cure.kind === "rescale" || cure.kind === "redraw") ||
    !cures.slice(i + 1).some((later) =>
      later.kind === "activation" &&
      cure.weights.every(({ layer }) => later.layers.includes(layer))
    )
  );
}

/** What to do about a cause, in sentences. */
export function fixWords(
  { cures, tried }: Pick<Cause, "cures" | "tried">,
  layers: readonly Pick<LayerMeasurements, "name" | "className">[],
): string[] {
  return fixOf(cures, tried).map((cure) => describeCure(cure, layers));
}

/** What follows from a cause, and in which layers: what is wrong with the same ones is said together. */
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

/** The names that thresholds, suppressions and `explain` know the findings of causes by. */
export function brokenRules(causes: readonly Cause[]): string {
  const rules = new Set(causes.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
  return `Broken rules: ${[...rules].join(", ")}.`;
}

/** Says what came of a cure. */
export function triedWords({ worked, errors, left, figure }: Tried): string {
  if (!worked) return "Tried the usual fixes on this model: none helped.";
  const gone = errors === 0
    ? "this warning is then gone"
    : left === 0
    ? "the model is then HEALTHY"
    : "this cause is then gone, but not all are";
  const moved = figure === null
    ? ""
    : `; ${figure.title} of ${figure.layer}: ${formatNumber(figure.before)} before, ` +
      `${formatNumber(figure.after)} after`;
  return `Tried: ${gone}${moved}.`;
}
