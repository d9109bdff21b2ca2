import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { type ModelVerdict, modelVerdicts } from "./model_verdicts.ts";
import { cutNames } from "./cut_names.ts";
import { displayWidth } from "./display_width.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { sectionLines } from "./gate_section.ts";
import { gateSentences, isOpen, modelLines } from "./gate_words.ts";
import { paint } from "./paint.ts";
import { renderFindings } from "./render_findings.ts";
import { wrapText } from "./wrap_text.ts";
import { flag, number, objectWith, optional, requireValue, text } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** How a text looks. */
export interface GateTextOptions {
  /** Columns that a line may take. Default: 80. */
  width?: number;
  /** Whether to colour by severity (ANSI escapes). Default: false. */
  color?: boolean;
  /** What replaces the middle of a long name. Default: `..`. */
  ellipsis?: string;
  /** Whether to show every cause and every finding. Default: false. */
  details?: boolean;
}

/**
 * Shows what a gate found: for each model its verdict, and the causes with what follows from them and what
 * to do, each once for all seeds; then how many models are sick.
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
    objectWith({ width: optional(number), ellipsis: optional(text), details: optional(flag) }),
  );
  const style = { width: 80, color: false, ellipsis: "..", details: false, ...options };
  const { runs, findings, passed } = result;
  const measured = runs.filter(({ measurements }) => measurements !== null);
  if (measured.length === 0 && runs.length > 0) return "";
  const models = modelVerdicts(runs);
  const names = cutApart(runs, style);
  const lines = [
    ...models.filter(({ shown }) => shown !== null).flatMap((model) => [
      ...titleOf(model, names, style),
      ...sectionLines(model, style),
      "",
    ]),
    // The configuration has no causes: what is said of it is all there is.
    ...renderFindings(findings, [], { ...style, sums: false }),
    ...style.details || !measured.some(({ findings }) => findings.some(isCounted))
      ? []
      : wrapText("--details shows every finding.", style.width),
    ...modelLines(models, (model) => names.get(model)!).flatMap(({ text, style: tone }) =>
      // Wrapping would close the gaps between the columns.
      (displayWidth(text) <= style.width ? [text] : wrapText(text, style.width, "", "   "))
        .map((line) => paint(line, tone, style.color))
    ),
    ...wrapText(gateSentences(result, models).join(" "), style.width)
      .map((line) => paint(line, passed ? "healthy" : "error", style.color)),
  ];
  return `${lines.map(defuse).join("\n")}\n`;
}

type Style = Required<GateTextOptions>;

const isCounted = (finding: GateFinding) => finding.severity !== "note" && isOpen(finding);

/** Of which model the following lines speak. */
function titleOf({ model, path, measured }: ModelVerdict, names: Names, style: Style): string[] {
  const from = path === model ? "" : ` (${names.get(path)})`;
  const seeds = measured.length === 1 ? `seed ${measured[0].seed}` : `${measured.length} seeds`;
  return wrapText(`${names.get(model)}${from}, ${seeds}`, style.width - 3, "== ", "   ")
    .map((line) => paint(line, "strong", style.color));
}

/** How each name and path is shown: cut if it is long, and never like another. */
type Names = Map<string, string>;

function cutApart(runs: readonly GateRun[], { width, ellipsis }: Style): Names {
  const names = runs.flatMap(({ model, path }) => [model, path]);
  const shown = cutNames(names.map((name) => escapeControls(name)), width - 8, ellipsis);
  return new Map(names.map((name, i) => [name, shown[i]]));
}
