/**
 * Renders measurements and findings as text or JSON. These are pure functions: they print nothing
 * and need no engine.
 *
 * @module
 */
export * from "./bar_chart.ts";
export * from "./cut_middle.ts";
export { formatNumber } from "../words/numbers.ts";
export type * from "./gate_location.ts";
export * from "./layer_range.ts";
export * from "./render_gate_json.ts";
export * from "./render_gate_text.ts";
export * from "./render_github.ts";
export * from "./render_json.ts";
export * from "./render_junit.ts";
export * from "./render_markdown.ts";
export * from "./render_sarif.ts";
export * from "./render_study.ts";
export * from "./render_study_markdown.ts";
export * from "./render_study_summary.ts";
export * from "./render_text.ts";
export * from "./render_study_json.ts";
export { parseReport, type Report } from "../documents/report.ts";
export type * from "../gate/gate_result.ts";
export type { GateRule } from "../gate/gate_rules.ts";
