/**
 * Renders measurements and findings as text or JSON. These are pure functions: they print nothing
 * and need no engine.
 *
 * @module
 */
export { barChart, type BarChartOptions, type BarChartRow } from "../core/text/bar_chart.ts";
export { cutMiddle } from "../core/text/fit_text.ts";
export { formatNumber } from "../ground/words/numbers.ts";
export type { GateLocation, Locate } from "../core/text/gate_words.ts";
export { layerRange, type LayerRangeOptions } from "../core/text/fold_layers.ts";
export { parseReport, renderGateJson, renderJson } from "../core/text/report_document.ts";
export { renderStudyJson } from "../study/text/study_json.ts";
export * from "../gate/text/render_gate_text.ts";
export * from "../gate/text/render_github.ts";
export { renderGrowth } from "../study/text/render_growth.ts";
export * from "../gate/text/render_junit.ts";
export { type MarkdownOptions, renderMarkdown } from "../core/text/render_markdown.ts";
export * from "../gate/text/render_sarif.ts";
export {
  renderStudy,
  renderStudyMarkdown,
  type RenderStudyOptions,
  renderStudySummary,
} from "../study/text/render_study.ts";
export { renderText } from "../core/text/render_text.ts";
export { type Report } from "../core/rules/shapes/measurement_shape.ts";
export type { GateResult, GateRun, GateSummary } from "../core/diagnosis/gate_result.ts";
export type { GateFinding } from "../core/rules/finding.ts";
export type { GateRule } from "../gate/gate_rules.ts";
export type { RenderTextOptions } from "../core/text/render_charts.ts";
