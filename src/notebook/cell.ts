import { DRAWN_FIGURES } from "../core/text/render_difference.ts";
import type { Comparison } from "../core/compare/compare_measurements.ts";
import { verdictWord } from "../core/diagnosis/diagnosis.ts";
import { diagnose } from "../core/diagnosis/diagnose.ts";
import type { Measurements } from "../core/measure/measurements.ts";
import { placed } from "../core/text/chart_model.ts";
import { cutMiddle } from "../core/text/fit_text.ts";
import { fixWords, renderDiagnosis } from "../core/text/render_diagnosis.ts";
import { renderFindings } from "../core/text/render_findings.ts";
import { studyAnswer } from "../study/text/render_study.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import { VERDICT_LOOKS } from "../core/text/verdicts.ts";
import type { Finding } from "../core/rules/finding.ts";
import { runRules } from "../core/rules/judge_rule.ts";
import type { StudySummary } from "../study/study_summary.ts";
import { defuse } from "../ground/words/failure.ts";
import {
  cellText,
  type Illustration,
  type Overview,
  overviewText,
} from "../ground/words/overview.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { barPanel } from "../pages/bar_panel.ts";
import { historyVerdict, lossSentence } from "../training/pages/history_page.ts";
import { foundCause, type HistoryRecord, shownRecords } from "../training/pages/history_view.ts";
import { type Markup, markup, modelTitle } from "../pages/markup.ts";
import { imageLines, renderBars, renderDrawing, renderReportImage } from "../pages/report_image.ts";
import { drawLosses } from "../training/pages/show_training.ts";
import { renderStudyImage } from "../study/pages/study_image.ts";

/**
 * Renders the history of a training as one image: the verdict, the cause and its fix, and the
 * held-out loss over the steps with the verdict from each measurement on.
 *
 * @param history At least one record.
 */
export function renderHistoryImage(history: readonly HistoryRecord[]): string {
  const found = foundCause(history, []);
  const { verdict, words } = historyVerdict(history, found);
  return renderDrawing({
    title: modelTitle(history[history.length - 1].measurements),
    verdict: { word: verdictWord(verdict), words, tone: VERDICT_LOOKS[verdict].tone },
    lines: found === null
      ? imageLines(lossSentence(history), [])
      : imageLines(found.cause.message, fixWords(found.cause, found.layers)),
    drawing: drawLosses(shownRecords(history), { steps: [], found }),
    kind: "steps",
    about: "Loss on the held-out batch over the steps, and the verdict from each measurement on.",
  });
}

/** Illustration that a notebook shows below the title of an overview. */
interface Illustrated {
  /** An SVG image. */
  image?: string;
  /** Lines of text. */
  text?: string;
  /** True if it replaces the table. */
  saysTable?: boolean;
}

/** Values, one per name. */
interface Values {
  title: string;
  bars: readonly { label: string; value: number | null }[];
}

/** Length of a name in an image. */
const LONGEST_NAME = 18;

const STYLE = { width: 100, color: false };

/**
 * Font of text whose columns line up: pages that nbconvert writes set others in `pre`. JupyterLab
 * has no space below it.
 */
const TEXT_STYLE = "font-family: ui-monospace, Menlo, Consolas, monospace; margin-bottom: 1em";

/**
 * Illustration of each kind of value: an entry for each name that `withOverview` is called with.
 */
const ILLUSTRATIONS = {
  async measurements(measurements: Measurements): Promise<Illustrated> {
    const findings = runRules(measurements);
    const report = { measurements, findings, diagnosis: diagnose(measurements, findings) };
    return { ...await ILLUSTRATIONS.report(report), saysTable: false };
  },
  async report(report: DiagnosedReport): Promise<Illustrated> {
    const lines = renderDiagnosis(report.diagnosis, report.measurements.layers, STYLE);
    return { image: await renderReportImage(report), text: lines.join("\n"), saysTable: true };
  },
  async findings(
    { measurements, findings }: { measurements: Measurements; findings: Finding[] },
  ): Promise<Illustrated> {
    const order = measurements.layers.map(({ name }) => name);
    const diagnosis = diagnose(measurements, findings);
    return {
      image: await renderReportImage({ measurements, findings, diagnosis }),
      text: renderFindings(findings, order, STYLE).join("\n"),
      saysTable: true,
    };
  },
  study: (summary: StudySummary): Illustrated => ({
    image: renderStudyImage(summary),
    // The image has the heat maps: in characters they would only repeat it.
    text: studyAnswer(summary, 100).map(defuse).join("\n"),
    saysTable: true,
  }),
  /** Draws the figures that both runs have, the second run over the first. */
  comparison({ layers }: Comparison): Illustrated {
    const known = DRAWN_FIGURES.filter(([name]) => layers.some(({ figures }) => name in figures));
    if (known.length === 0) return {};
    const charts = known.map(([name, title]) => ({
      title: `${title}, after / before`,
      bars: layers.map(({ after, figures }) => ({
        label: after,
        value: figures[name]?.factor ?? null,
      })),
    }));
    return { image: renderValues(charts) };
  },
  history: (history: readonly HistoryRecord[]): Illustrated =>
    history.length === 0 ? {} : { image: renderHistoryImage(history) },
  values: (values: Values): Illustrated =>
    values.bars.length === 0 ? {} : { image: renderValues([values]) },
};

/**
 * Draws a notebook cell.
 *
 * @param overview The title and the table.
 * @returns The contents of the cell by media type.
 */
export async function renderCell(
  overview: Overview,
  illustration: Illustration | null,
): Promise<Record<string, string>> {
  const { image, text, saysTable = false } = illustration === null
    ? {}
    : await illustrate(illustration);
  const page = markup`<div class="gradient-health">
    <p><b>${overview.title}</b></p>
    ${
    image === undefined
      ? null
      // In an img element: an untrusted notebook may show images, but not inline SVG.
      : markup`<p><img alt="${overview.title}" src="data:image/svg+xml;base64,${
        base64(image)
      }"></p>`
  }
    ${text === undefined ? null : markup`<pre style="${TEXT_STYLE}">${text}</pre>`}
    ${saysTable ? null : tableOf(overview)}
    </div>`;
  return {
    "text/plain": plainText(overview, { text, saysTable }),
    "text/html": page.source,
    ...image === undefined ? {} : { "image/svg+xml": image },
  };
}

/** Returns the text alone: all that VS Code shows of a notebook in a folder that is not trusted. */
function plainText(overview: Overview, { text, saysTable }: Illustrated): string {
  if (text === undefined) return overviewText(overview);
  if (text.startsWith(overview.title)) return text;
  return `${overviewText({ ...overview, rows: saysTable ? [] : overview.rows })}\n\n${text}`;
}

async function illustrate({ of, given }: Illustration): Promise<Illustrated> {
  const draw = ILLUSTRATIONS[of as keyof typeof ILLUSTRATIONS] as (given: unknown) => Illustrated;
  return await draw(given());
}

/** Number of rows that fit into a cell. */
const MOST_ROWS = 500;

function tableOf({ columns, rows }: Overview): Markup {
  const more = rows.length - MOST_ROWS;
  return markup`<table>
    <thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${
    rows.slice(0, MOST_ROWS).map((row) =>
      markup`<tr>${row.map((cell) => markup`<td>${cellText(cell)}</td>`)}</tr>
      `
    )
  }</tbody>
    </table>${more > 0 ? markup`<p>... ${more} more of ${rows.length}</p>` : null}`;
}

/** Draws values by name, in panels side by side with the same names. */
function renderValues(charts: readonly Values[]): string {
  const [{ bars }] = charts;
  const names = bars.map(({ label }) => label);
  const short = withoutCommonEnd(names)
    .map((name) => cutMiddle(escapeControls(name), LONGEST_NAME, { ellipsis: "…" }));
  return renderBars({
    title: "",
    verdict: null,
    lines: [],
    panels: charts.map(({ title, bars }) => {
      const rows = bars.map(({ label, value }, row) => ({
        label,
        value,
        row,
        range: null,
        mark: null,
        gap: value === null ? "not there" : null,
      }));
      return barPanel({
        chart: { title, about: "", band: null, left: new Map(), ...placed(rows, "log") },
        fixed: null,
        rows: names.map((name) => [name]),
        wrong: new Map(),
        origin: /after \/ before$/.test(title) ? 1 : null,
      });
    }),
    names: short,
  });
}

/** Removes a common ending: `dense_1` and `dense_2` for `dense_1/kernel` and `dense_2/kernel`. */
function withoutCommonEnd(names: readonly string[]): string[] {
  const end = names[0].slice(names[0].lastIndexOf("/"));
  const isCommon = end.startsWith("/") && names.every((name) => name.endsWith(end));
  return names.map((name) => isCommon ? name.slice(0, -end.length) : name);
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
