import { describeCure } from "../diagnosis/cure_words.ts";
import type { Cause, Diagnosis, Tried } from "../diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../measure/measurements.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { layerRange } from "./layer_range.ts";
import { paint } from "./paint.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import { wrapText } from "./wrap_text.ts";

/** So many causes are shown; a network with more is not mended at once. */
const MOST = 3;

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
  const shown = causes.slice(0, MOST);
  return [
    verdictLine(diagnosis, style),
    ...shown.flatMap((cause, i) => causeLines(cause, `${i + 1}. `, layers, style)),
    ...trialLines(diagnosis, style),
    ...causes.length > MOST
      ? wrapText(
        `${formatCount(causes.length - MOST, "more cause")} in the JSON report.`,
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
    ...say(`${trial.verdict === "skipped" ? "Not trained" : "Trained"}: ${trial.said}.`),
    // Where the rate alone was wrong, the trial itself has shown what helps.
    ...trial.cured === undefined || trial.cured === trial.said
      ? []
      : say(`Trained with the fixes: ${trial.cured}.`),
  ];
}

/** The verdict in one line: `SICK: 1 cause`. */
export function verdictLine({ verdict, causes }: Diagnosis, { color }: DiagnosisStyle): string {
  const count = (severity: Cause["severity"]) =>
    causes.filter((cause) => cause.severity === severity).length;
  const warnings = count("warning");
  const also = warnings === 0 ? "" : `, ${formatCount(warnings, "warning")}`;
  return verdict === "sick"
    ? paint(`SICK: ${formatCount(count("error"), "cause")}${also}`, "error", color)
    : paint(`HEALTHY${also}`, warnings === 0 ? "healthy" : "warning", color);
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
  const order = layers.map(({ name }) => name);
  const follows = [
    ...Map.groupBy(consequences, ({ layers }) => layerRange(layers, { order, max: 2 })),
  ].map(([where, alike]) => {
    const what = alike.map(({ problem }) => problem).join(" and ");
    return where === "" ? what : `${what} in ${where}`;
  });
  return [
    ...wrapText(escapeControls(message), width, number, indent)
      .map((line) => paint(line, severity === "note" ? "strong" : severity, color)),
    ...fixOf(cures, tried).flatMap((cure) => say(`Fix: ${describeCure(cure, layers)}`)),
    ...tried === undefined ? [] : say(triedWords(tried)),
    ...follows.length === 0 ? [] : say(`So: ${follows.join("; ")}.`),
  ];
}

/** What was not tried is one suggestion; what worked was done together. */
export function fixOf(cures: Cause["cures"], tried: Tried | undefined): Cause["cures"] {
  return tried?.worked ? cures : cures.slice(0, 1);
}

/** Says what came of a cure. */
export function triedWords({ worked, errors, left, figure }: Tried): string {
  if (!worked) return "Tried: the usual cures, on the weights at hand; none of them helped.";
  const gone = left === 0
    ? errors === 1 ? "the error is gone" : `all ${errors} errors are gone`
    : `${left} of ${formatCount(errors, "error")} ${left === 1 ? "is" : "are"} left`;
  const moved = figure === null
    ? ""
    : `; ${figure.title} of ${figure.layer}: ${formatNumber(figure.before)} before, ` +
      `${formatNumber(figure.after)} after`;
  return `Tried: ${gone}${moved}.`;
}
