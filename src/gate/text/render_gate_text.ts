import type { GateResult, GateRun } from "../../core/diagnosis/gate_result.ts";
import type { GateFinding } from "../../core/rules/finding.ts";
import {
  gateSentences,
  isOpen,
  type Locate,
  modelLines,
  type ModelVerdict,
  modelVerdicts,
  sectionLines,
} from "../../core/text/gate_words.ts";
import { cutNames, displayWidth, wrapText } from "../../core/text/fit_text.ts";
import { defuse } from "../../ground/words/failure.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { paint } from "../../core/text/verdicts.ts";
import { renderFindings } from "../../core/text/render_findings.ts";
import {
  boolean,
  callable,
  number,
  object,
  optional,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import { gateResultShape } from "../../core/diagnosis/result_document.ts";

/** Options of {@linkcode renderGateText}. */
export interface GateTextOptions {
  /** Maximum width of a line in columns. Default: 80. */
  width?: number;
  /** True to colour by severity (ANSI escapes). Default: false. */
  color?: boolean;
  /** Replacement for the middle of a long name. Default: `..`. */
  ellipsis?: string;
  /** True to show every cause and every finding. Default: false. */
  details?: boolean;
  /** Finds where a layer is defined, to show its line below a cause. Default: no line is shown. */
  locate?: Locate;
}

/**
 * Shows the result of a gate: for each model its verdict and the causes with consequences and
 * fixes, each once for all seeds; then the number of sick models.
 *
 * No line can be mistaken for a workflow command of a CI system, regardless of the names of layers.
 *
 * @param result The gate's result.
 * @param options See {@linkcode GateTextOptions}.
 * @returns The text; empty if there was no run.
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
    object({
      width: optional(number),
      ellipsis: optional(string),
      details: optional(boolean),
      locate: optional(callable),
    }),
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
    // The configuration has findings but no causes, so they are shown even without details.
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

type Style = Required<Omit<GateTextOptions, "locate">> & Pick<GateTextOptions, "locate">;

const isCounted = (finding: GateFinding) => finding.severity !== "note" && isOpen(finding);

/** Returns the title of the following lines: the model. */
function titleOf({ model, path, measured }: ModelVerdict, names: Names, style: Style): string[] {
  const from = path === model ? "" : ` (${names.get(path)})`;
  const seeds = measured.length === 1 ? `seed ${measured[0].seed}` : `${measured.length} seeds`;
  return wrapText(`${names.get(model)}${from}, ${seeds}`, style.width - 3, "== ", "   ")
    .map((line) => paint(line, "strong", style.color));
}

/** Display names and paths by original: cut if long, and always distinct. */
type Names = Map<string, string>;

function cutApart(runs: readonly GateRun[], { width, ellipsis }: Style): Names {
  const names = runs.flatMap(({ model, path }) => [model, path]);
  const shown = cutNames(names.map((name) => escapeControls(name)), width - 8, ellipsis);
  return new Map(names.map((name, i) => [name, shown[i]]));
}
