import { formatCount } from "../words/numbers.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { cutNames } from "./cut_names.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { acceptedLines, gateCounts, isOpen } from "./gate_words.ts";
import { paint } from "./paint.ts";
import { renderDiagnosis } from "./render_diagnosis.ts";
import { renderFindings } from "./render_findings.ts";
import { wrapText } from "./wrap_text.ts";
import { number, objectWith, optional, requireValue, text } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** How a text looks. */
export interface GateTextOptions {
  /** Columns that a line may take. Default: 80. */
  width?: number;
  /** Whether to colour by severity (ANSI escapes). Default: false. */
  color?: boolean;
  /** What replaces the middle of a long name. Default: `..`. */
  ellipsis?: string;
}

/**
 * Shows what a gate found: of one run its findings, of many a section for each model, in which the
 * findings of the first seed that has the worst are written out, and the verdict in one line.
 *
 * No line can be taken for a workflow command of a CI system, no matter what a layer is called.
 *
 * @param result The gate's result.
 * @param options See {@linkcode GateTextOptions}.
 * @returns The text; nothing where no run could be made.
 *
 * @example Show a result
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderGateText } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * console.log(renderGateText(result));
 * ```
 */
export function renderGateText(result: GateResult, options: GateTextOptions = {}): string {
  requireValue("result", result, gateResultShape);
  requireValue(
    "options",
    options,
    objectWith({ width: optional(number), ellipsis: optional(text) }),
  );
  const style = { width: 80, color: false, ellipsis: "..", ...options };
  const made = result.runs.filter(({ measurements }) => measurements !== null);
  if (made.length === 0 && result.runs.length > 0) return "";
  const lines = result.runs.length === 1 && result.summary.skipped === 0
    ? oneRun(made[0], result, style)
    : manyRuns(made, result, style);
  return `${lines.map(defuse).join("\n")}\n`;
}

type Style = Required<GateTextOptions>;

function oneRun(run: GateRun, result: GateResult, style: Style): string[] {
  const findings = [...run.findings, ...result.findings];
  const { warnings } = result.summary;
  const tooMany = result.maxWarnings !== null && warnings > result.maxWarnings
    ? wrapText(
      `${formatCount(warnings, "warning")} ${
        warnings === 1 ? "exceeds" : "exceed"
      } maxWarnings (${result.maxWarnings}).`,
      style.width,
    )
    : [];
  const order = orderOf([run]);
  const accepted = acceptedLines(findings, order, style);
  return [
    ...titleOf([run], style),
    ...accepted,
    ...accepted.length > 0 ? [""] : [],
    ...causesOf(run, style),
    ...renderFindings(findings.filter(isOpen), order, style),
    ...tooMany,
  ];
}

function manyRuns(made: GateRun[], result: GateResult, style: Style): string[] {
  const models = new Map<string, GateRun[]>();
  for (const run of made) models.set(run.model, [...models.get(run.model) ?? [], run]);
  const names = cutApart(made, style);
  const sections = [...models].flatMap(([, runs]) => [...sectionOf(runs, names, style), ""]);
  const about = result.findings.length === 0 ? [] : paragraphs(result.findings, [], style);
  const verdict = `Gate ${result.passed ? "passed" : "failed"}: ${
    formatCount(models.size, "model")
  }, ${formatCount(made.length, "run")}; ${gateCounts(result.summary, result.maxWarnings)}.`;
  return [
    ...sections,
    ...about,
    ...wrapText(verdict, style.width)
      .map((line) => paint(line, result.passed ? "strong" : "error", style.color)),
  ];
}

/** Whose findings follow. */
function titleOf(runs: GateRun[], style: Style, names: Names = cutApart(runs, style)): string[] {
  const { model, path } = runs[0];
  const from = path === model ? "" : ` (${names.get(path)})`;
  const seeds = runs.length === 1 ? `, seed ${runs[0].seed}` : `, ${runs.length} seeds`;
  return wrapText(`${names.get(model)}${from}${seeds}`, style.width - 3, "== ", "   ")
    .map((line) => paint(line, "strong", style.color));
}

/** How each name and path is shown: cut if it is long, and never like another. */
type Names = Map<string, string>;

function cutApart(runs: readonly GateRun[], { width, ellipsis }: Style): Names {
  const names = runs.flatMap(({ model, path }) => [model, path]);
  const shown = cutNames(names.map((name) => escapeControls(name)), width - 8, ellipsis);
  return new Map(names.map((name, i) => [name, shown[i]]));
}

function sectionOf(runs: GateRun[], names: Names, style: Style): string[] {
  const title = titleOf(runs, style, names);
  const accepted = acceptedLines(runs.flatMap(({ findings }) => findings), orderOf(runs), style);
  const own = runs.map((run) => ({ ...run, findings: run.findings.filter(isOpen) }));
  const said = own.filter(({ findings }) => findings.some(isCounted));
  const apart = accepted.length === 0 ? [] : ["", ...accepted];
  if (said.length === 0) return [...title, "  no problems", ...apart, ...notesOf(own, style)];
  const shown =
    said.find(({ findings }) => findings.some(({ severity }) => severity === "error")) ??
      said[0];
  const over = runs.length === 1 ? [] : [...overSeeds(runs, style), "", `  seed ${shown.seed}:`];
  const before = accepted.length === 0 ? [] : [...accepted, ""];
  return [
    ...title,
    ...before,
    ...over,
    ...causesOf(shown, style),
    ...renderFindings(shown.findings, orderOf([shown]), style),
  ];
}

/** What is wrong in a run, causes first. */
function causesOf({ diagnosis, measurements }: GateRun, style: Style): string[] {
  if (diagnosis === undefined || measurements === null || diagnosis.causes.length === 0) return [];
  return [...renderDiagnosis(diagnosis, measurements.layers, style), ""];
}

/** The notes of the first seed that has any: a renamed model is noted for every seed. */
function notesOf(runs: GateRun[], style: Style): string[] {
  const noted = runs.find(({ findings }) => findings.length > 0);
  return noted === undefined ? [] : ["", ...trimmed(paragraphs(noted.findings, [noted], style))];
}

const isCounted = ({ severity }: GateFinding) => severity !== "note";

/** Which rule found something under which seeds. */
function overSeeds(runs: GateRun[], { width, color }: Style): string[] {
  const seeds = new Map<string, number[]>();
  for (const severity of ["error", "warning"] as const) {
    for (const { seed, findings } of runs) {
      const rules = new Set(findings.filter((f) => f.severity === severity).map((f) => f.rule));
      for (const rule of rules) {
        const key = JSON.stringify([severity, rule]);
        seeds.set(key, [...seeds.get(key) ?? [], seed]);
      }
    }
  }
  return [...seeds].flatMap(([key, which]) => {
    const [severity, rule] = JSON.parse(key) as ["error" | "warning", string];
    const listed = which.length === runs.length
      ? ""
      : `: ${which.slice(0, 12).join(", ")}${which.length > 12 ? " ..." : ""}`;
    const text =
      `${severity.toUpperCase()} ${rule} under ${which.length} of ${runs.length} seeds${listed}`;
    return wrapText(escapeControls(text), width, "  ", "    ").map((line) =>
      paint(line, severity, color)
    );
  });
}

/** The sums of many runs are in the verdict. */
const paragraphs = (findings: GateFinding[], runs: GateRun[], style: Style) =>
  renderFindings(findings, orderOf(runs), { ...style, sums: false });

const trimmed = (lines: string[]) => lines.at(-1) === "" ? lines.slice(0, -1) : lines;

function orderOf(runs: readonly GateRun[]): string[] {
  return runs.flatMap(({ measurements }) => measurements!.layers.map(({ name }) => name));
}
