/**
 * Renders measurements and findings as text or JSON. These are pure functions: they print nothing
 * and need no engine.
 *
 * @module
 */
export { barChart, type BarChartOptions, type BarChartRow } from "./bar_chart.ts";
export { cutMiddle } from "./fit_text.ts";
export { formatNumber } from "../words/numbers.ts";
export type { GateLocation, Locate } from "./gate_words.ts";
export { layerRange, type LayerRangeOptions } from "./fold_layers.ts";
export { parseReport, renderGateJson, renderJson, renderStudyJson } from "./report_document.ts";
export * from "./render_gate_text.ts";
export * from "./render_github.ts";
export { renderGrowth } from "./render_growth.ts";
export * from "./render_junit.ts";
export { type MarkdownOptions, renderMarkdown } from "./render_markdown.ts";
export * from "./render_sarif.ts";
export {
  renderStudy,
  renderStudyMarkdown,
  type RenderStudyOptions,
  renderStudySummary,
} from "./render_study.ts";
export { renderText } from "./render_text.ts";
export { type Report } from "../rules/shapes/measurement_shape.ts";
export type { GateFinding, GateResult, GateRun, GateSummary } from "../gate/gate_result.ts";
export type { GateRule } from "../gate/gate_rules.ts";
export type { RenderTextOptions } from "./render_charts.ts";
