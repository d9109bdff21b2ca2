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

/** So many causes are shown; the others stand below --details. */
const MOST = 3;

/** How the lines look. */
export interface SectionStyle {
  /** How wide they may be. */
  width: number;
  /** Whether they are coloured. */
  color: boolean;
  /** Whether every cause and every finding is shown. */
  details: boolean;
}

/**
 * What a gate says of a model that was measured: the verdict, the causes, each once for all seeds, with what
 * follows from it and what to do; what training has shown; what is accepted; and with details the findings of
 * the run whose figures it states.
 */
export function sectionLines(model: ModelVerdict, style: SectionStyle): string[] {
  const { causes, measured, runs } = model;
  const shown = model.shown!;
  const order = shown.measurements.layers.map(({ name }) => name);
  const most = style.details ? Infinity : MOST;
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

/** That a model is not compared with its baseline, or under another name, is no detail of a gate. */
function notesOf(findings: readonly GateFinding[], order: string[], style: SectionStyle): string[] {
  const noted = findings.filter((finding) =>
    finding.rule === "baseline" && finding.severity === "note" && isOpen(finding)
  );
  const said = new Set(noted.map(({ message }) => message));
  const each = [...said].map((message) => noted.find((finding) => finding.message === message)!);
  return trimmed(renderFindings(each, order, { ...style, sums: false }));
}

/** Every finding of the run that is shown, and of several runs which rules found something in which. */
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

/** Which rule found something under which seeds. */
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
