import type { Difference } from "../core/compare/difference.ts";
import { MARKER_COMMENT, MARKER_LINE } from "../ground/words/document.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import type { GateResult } from "../core/diagnosis/gate_result.ts";
import type { GrowthSummary } from "../study/growth/growth_types.ts";
import type { StudyHeader } from "../study/study_document.ts";
import type { StudyPoint } from "../study/grid_point.ts";
import type { StudySummary } from "../study/study_summary.ts";
import type { DifferenceOptions } from "../core/text/render_difference.ts";
import type { Locate } from "../core/text/gate_words.ts";
import type { SarifOptions } from "../gate/text/render_sarif.ts";
import type { RenderTextOptions } from "../core/text/render_charts.ts";

/** Key of a flag that only changes how a result is shown. */
export type ShowFlag = "columns" | "unicode" | "ascii" | "layers" | "axis" | "details" | "all";

/**
 * Output format. The flags that choose one, their help, completions and docs/formats.md are derived
 * from this table. A renderer is loaded on demand.
 */
export interface Format {
  /** Purpose in a few words. */
  purpose: string;
  /** File extension, without the dot. */
  extension: string;
  /** Media type. */
  mediaType: string;
  /**
   * Last line of its files, which marks them as results; absent if the text itself carries the
   * marker (`ground/words/document.ts`).
   */
  lastLine?: string;
  /**
   * Flags that change what it writes. The commands reject the others, see `requireRead()` in
   * flags/show_flags.ts.
   */
  reads: readonly ShowFlag[];
  /** True if it shows distributions, which then must be measured. */
  histograms?: true;
  /**
   * True if it is a page or an image to open. `--out` then names the page, even if it would otherwise name the
   * points of a study.
   */
  isPage?: true;
  /** True if its output can share stdout with other line-based formats. */
  isLines: boolean;
  /** Writes a report. */
  report?: (report: DiagnosedReport, options: RenderTextOptions) => Promise<string>;
  /** Writes the result of a gate. */
  gate?: (result: GateResult, context: GateContext) => Promise<string>;
  /** Writes the difference between two runs. */
  diff?: (difference: Difference, options: DifferenceOptions) => Promise<string>;
  study?: (summary: StudySummary, options: RenderTextOptions) => Promise<string>;
  /** Writes how siblings of a model keep their scale. */
  growth?: (summary: GrowthSummary, options: RenderTextOptions) => Promise<string>;
  /** Writes the points of a study as they arrive, instead of its summary. */
  points?: () => Promise<PointFormat>;
}

/** Data that a gate's result lacks. */
export interface GateContext {
  text: RenderTextOptions;
  /** Finds where layers are defined. */
  locate: () => Promise<Locate>;
  /** Options of a SARIF log about this program. */
  tool: () => Promise<SarifOptions>;
}

/** Format that writes points one by one. */
export interface PointFormat {
  /** Returns the text before the points. */
  opening(header: StudyHeader): string;
  /** Returns the text of a point, with the separator from the previous one. */
  point(point: StudyPoint, isFirst: boolean): string;
  /** Text after the points. */
  closing: string;
}

// Pages are imported by paths that are not literals: Deno reads a literal's module before the first
// line of a command runs, and few commands draw a page.

const TABLE = {
  text: {
    purpose: "charts and sentences, for a terminal",
    extension: "txt",
    mediaType: "text/plain",
    reads: ["columns", "unicode", "ascii", "layers", "axis", "details", "all"],
    lastLine: MARKER_LINE,
    isLines: true,
    async report({ measurements, findings, diagnosis }, options) {
      const { renderText } = await import("../core/text/render_text.ts");
      return renderText(measurements, findings, { ...options, diagnosis });
    },
    async gate(result, { text: { width, color, unicode, details }, locate }) {
      const { renderGateText } = await import("../gate/text/render_gate_text.ts");
      const ellipsis = unicode ? "…" : "..";
      return renderGateText(result, { width, color, details, ellipsis, locate: await locate() });
    },
    async diff(difference, options) {
      return (await import("../core/text/render_difference.ts")).renderDifference(
        difference,
        options,
      );
    },
    async study(summary, { width, color, unicode }) {
      return (await import("../study/text/render_study.ts")).renderStudy(summary, {
        width,
        color,
        unicode,
      });
    },
    async growth(summary, { width, color, unicode }) {
      return (await import("../study/text/render_growth.ts")).renderGrowth(summary, {
        width,
        color,
        unicode,
      });
    },
  },
  json: {
    purpose: "every figure, for other programs",
    extension: "json",
    mediaType: "application/json",
    reads: [],
    isLines: false,
    async report({ measurements, findings, diagnosis }) {
      return (await import("../core/text/report_document.ts")).renderJson(measurements, findings, {
        diagnosis,
      });
    },
    async gate(result) {
      return (await import("../core/text/report_document.ts")).renderGateJson(result);
    },
    async diff(difference) {
      return (await import("../core/text/difference_document.ts")).encodeDifference(difference);
    },
    async points() {
      const { STUDY_CLOSING, studyLine, studyOpening } = await import("../study/study_document.ts");
      return {
        opening: studyOpening,
        point: (point, isFirst) => `${isFirst ? "" : ","}\n${studyLine(point)}`,
        closing: STUDY_CLOSING,
      };
    },
  },
  csv: {
    purpose: "every figure of every layer at every point, for a spreadsheet",
    extension: "csv",
    mediaType: "text/csv",
    reads: [],
    isLines: false,
    async points() {
      const { studyCsvHeading, studyCsvRows } = await import("../study/study_csv.ts");
      return { opening: studyCsvHeading, point: studyCsvRows, closing: "" };
    },
  },
  junit: {
    purpose: "test cases, for a CI system that shows test results",
    extension: "xml",
    mediaType: "application/xml",
    reads: [],
    isLines: false,
    async gate(result) {
      return (await import("../gate/text/render_junit.ts")).renderJunit(result);
    },
  },
  github: {
    purpose: "annotations and a step summary, for GitHub Actions",
    extension: "txt",
    mediaType: "text/plain",
    reads: [],
    lastLine: MARKER_LINE,
    isLines: true,
    async gate(result, { locate }) {
      return (await import("../gate/text/render_github.ts")).renderGithub(result, await locate());
    },
  },
  markdown: {
    purpose:
      "a line for each model that fails, findings and charts folded, for a comment or a step summary",
    extension: "md",
    mediaType: "text/markdown",
    reads: ["all"],
    lastLine: MARKER_COMMENT,
    isLines: false,
    async gate(result) {
      return (await import("../core/text/render_markdown.ts")).renderMarkdown(result);
    },
    async diff(difference, options) {
      const { renderDifferenceMarkdown } = await import(
        "../core/text/render_difference_markdown.ts"
      );
      return renderDifferenceMarkdown(difference, options);
    },
    async study(summary) {
      return (await import("../study/text/render_study.ts")).renderStudyMarkdown(summary);
    },
  },
  sarif: {
    purpose: "results with file and line, for code scanning",
    extension: "sarif",
    mediaType: "application/sarif+json",
    reads: [],
    isLines: false,
    async gate(result, { locate, tool }) {
      const { renderSarif } = await import("../gate/text/render_sarif.ts");
      return renderSarif(result, await locate(), await tool());
    },
  },
  html: {
    purpose: "a page with charts and tables, for a browser",
    extension: "html",
    mediaType: "text/html",
    reads: ["axis"],
    histograms: true,
    isLines: false,
    isPage: true,
    async report(report, { scale }) {
      const { renderReportPage }: typeof import("../pages/report_page.ts") = await import(
        import.meta.resolve("../pages/report_page.ts")
      );
      return renderReportPage(report, { scale });
    },
    async gate(result) {
      const { renderGatePage }: typeof import("../gate/pages/gate_page.ts") = await import(
        import.meta.resolve("../gate/pages/gate_page.ts")
      );
      return renderGatePage(result);
    },
    async diff(difference) {
      const { renderDifferencePage }: typeof import("../pages/difference_page.ts") = await import(
        import.meta.resolve("../pages/difference_page.ts")
      );
      return renderDifferencePage(difference);
    },
    async study(summary) {
      const { renderStudyPage }: typeof import("../study/pages/study_page.ts") = await import(
        import.meta.resolve("../study/pages/study_page.ts")
      );
      return renderStudyPage(summary);
    },
    async growth(summary) {
      const { renderGrowthPage }: typeof import("../study/pages/growth_page.ts") = await import(
        import.meta.resolve("../study/pages/growth_page.ts")
      );
      return renderGrowthPage(summary);
    },
  },
  svg: {
    purpose: "an image of gradients and activations over the layers, for a web page",
    extension: "svg",
    mediaType: "image/svg+xml",
    reads: ["axis"],
    isLines: false,
    isPage: true,
    async report(report, { scale }) {
      const { renderReportImage }: typeof import("../pages/report_image.ts") = await import(
        import.meta.resolve("../pages/report_image.ts")
      );
      return renderReportImage(report, { scale });
    },
    async growth(summary) {
      const { renderGrowthImage }: typeof import("../study/pages/growth_page.ts") = await import(
        import.meta.resolve("../study/pages/growth_page.ts")
      );
      return renderGrowthImage(summary);
    },
  },
  badge: {
    purpose: "a badge that counts the models of each verdict",
    extension: "svg",
    mediaType: "image/svg+xml",
    reads: [],
    isLines: false,
    async gate(result) {
      const { renderGateBadge }: typeof import("../gate/pages/gate_page.ts") = await import(
        import.meta.resolve("../gate/pages/gate_page.ts")
      );
      return renderGateBadge(result);
    },
  },
  summary: {
    purpose: "medians, quartiles and the share of healthy draws, as JSON",
    extension: "json",
    mediaType: "application/json",
    reads: [],
    isLines: false,
    async study(summary) {
      return (await import("../study/text/render_study.ts")).renderStudySummary(summary);
    },
    async growth(summary) {
      return (await import("../study/text/render_growth.ts")).renderGrowthSummary(summary);
    },
  },
} satisfies Record<string, Format>;

export type FormatName = keyof typeof TABLE;

/** Formats by name, in the order of the help. */
export const FORMATS: Readonly<Record<FormatName, Format>> = TABLE;

/** Result of a command; the points of a study are another view of it. */
export type Result = "report" | "gate" | "diff" | "study" | "growth";

export function formatsOf(result: Result): FormatName[] {
  return (Object.keys(FORMATS) as FormatName[]).filter((name) => {
    const format = FORMATS[name];
    const hasPoints = result === "study" || result === "growth";
    return format[result] !== undefined || (hasPoints && format.points !== undefined);
  });
}
