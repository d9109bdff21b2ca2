import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { cutMiddle } from "./cut_middle.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { countPasses, gateCounts } from "./gate_words.ts";
import { paint } from "./paint.ts";
import { plural } from "./plural.ts";
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
  /** What stands for the middle that was cut out of a long name. Default: `..`. */
  ellipsis?: string;
}

/**
 * Shows what a gate found: of one pass its findings, of many a section for each model, in which the
 * findings of the first seed that has the worst are written out, and the verdict in one line.
 *
 * No line can be taken for a workflow command of a CI system, whatever a layer is called.
 *
 * @param result The gate's result.
 * @param options See {@linkcode GateTextOptions}.
 * @returns The text; nothing where no pass could be made.
 *
 * @example Show a result
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderGateText } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({}, null, (path) => path);
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
      `${plural(warnings, "warning")}, of which ${result.maxWarnings} may pass.`,
      style.width,
    )
    : [];
  return [...titleOf([run], style), ...findingLines(findings, [run], style), ...tooMany];
}

function manyRuns(made: GateRun[], result: GateResult, style: Style): string[] {
  const models = new Map<string, GateRun[]>();
  for (const run of made) models.set(run.model, [...models.get(run.model) ?? [], run]);
  const sections = [...models].flatMap(([, runs]) => [...sectionOf(runs, style), ""]);
  const about = result.findings.length === 0 ? [] : paragraphs(result.findings, [], style);
  const verdict = `Gate ${result.passed ? "passed" : "failed"}: ${plural(models.size, "model")}, ${
    countPasses(made.length)
  }; ${gateCounts(result.summary, result.maxWarnings)}.`;
  return [
    ...sections,
    ...about,
    ...wrapText(verdict, style.width)
      .map((line) => paint(line, result.passed ? "strong" : "error", style.color)),
  ];
}

/** Whose findings follow. */
function titleOf(runs: GateRun[], style: Style): string[] {
  const { model, path } = runs[0];
  const cut = (text: string) => cutMiddle(escapeControls(text), style.width - 8, style.ellipsis);
  const from = path === model ? "" : ` (${cut(path)})`;
  const seeds = runs.length === 1 ? `, seed ${runs[0].seed}` : `, ${runs.length} seeds`;
  return wrapText(`${cut(model)}${from}${seeds}`, style.width - 3, "== ", "   ")
    .map((line) => paint(line, "strong", style.color));
}

function sectionOf(runs: GateRun[], style: Style): string[] {
  const title = titleOf(runs, style);
  const said = runs.filter(({ findings }) => findings.some(isCounted));
  if (said.length === 0) return [...title, "  nothing wrong", ...notesOf(runs, style)];
  const shown =
    said.find(({ findings }) => findings.some(({ severity }) => severity === "error")) ??
      said[0];
  const over = runs.length === 1 ? [] : [...overSeeds(runs, style), "", `  seed ${shown.seed}:`];
  return [...title, ...over, ...findingLines(shown.findings, [shown], style)];
}

/** The notes of the first seed that has some: that a model was renamed is said of every seed. */
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

/** The sums of many passes are in the verdict. */
const paragraphs = (findings: GateFinding[], runs: GateRun[], style: Style) =>
  findingLines(findings, runs, { ...style, sums: false });

const trimmed = (lines: string[]) => lines.at(-1) === "" ? lines.slice(0, -1) : lines;

function findingLines(
  findings: GateFinding[],
  runs: GateRun[],
  style: Style & { sums?: boolean },
): string[] {
  const order = runs.flatMap(({ measurements }) => measurements!.layers.map(({ name }) => name));
  const accepted = findings.filter(({ suppressed }) => suppressed !== undefined);
  const others = findings.filter(({ suppressed }) => suppressed === undefined);
  const lines = accepted.flatMap(({ rule, layer, suppressed }) =>
    wrapText(
      escapeControls(`SUPPRESSED ${rule}: ${layer ?? "the whole model"} (${suppressed})`),
      style.width,
      "",
      "  ",
    )
  );
  return [...lines, ...lines.length > 0 ? [""] : [], ...renderFindings(others, order, style)];
}

/** GitHub's runner obeys a line that begins with `::`, and one that has `##[` anywhere in it. */
function defuse(line: string): string {
  return line.replace(/^(\s*):(?=:)/, "$1\\x3a").replaceAll("##[", "##\\x5b");
}
