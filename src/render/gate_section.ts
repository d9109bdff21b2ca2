import type { GateFinding, GateRun } from "../gate/gate_result.ts";
import { diagnosisOf, type MeasuredRun, type ModelVerdict } from "./model_verdicts.ts";
import { formatCount } from "../words/numbers.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { acceptedLines, isOpen, modelVerdictLine, underSeeds, withSeeds } from "./gate_words.ts";
import { paint } from "./paint.ts";
import { causeLines, trialLines, verdictPaint } from "./render_diagnosis.ts";
import { renderFindings } from "./render_findings.ts";
import { caveatLines } from "./caveat_lines.ts";
import { wrapText } from "./wrap_text.ts";

const MAX_CAUSES_SHOWN = 3;

/** Options for drawing the lines. */
export interface SectionStyle {
  /** Maximum width of a line. */
  width: number;
  /** True to colour the lines. */
  color: boolean;
  /** True to show every cause and every finding. */
  details: boolean;
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
      paint(
        line,
        verdictPaint({ verdict: model.verdict!, notJudged: model.notJudged, causes }),
        style.color,
      )
    ),
    ...causes.slice(0, most).flatMap((cause, i) =>
      causeLines(withSeeds(cause, model), `${i + 1}. `, cause.run.measurements.layers, style)
    ),
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
      const text = `${severity.toUpperCase()} ${rule} ${underSeeds(seeds, runs.length, true)}`;
      return wrapText(escapeControls(text), width, "", "  ")
        .map((line) => paint(line, severity, color));
    });
  });
}

const trimmed = (lines: string[]) => lines.at(-1) === "" ? lines.slice(0, -1) : lines;
