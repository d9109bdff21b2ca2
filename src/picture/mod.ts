/**
 * Pages: a report, the result of a gate, a study and the history of a training, each as one HTML
 * document that needs no other file.
 *
 * @module
 */
export type { Finding } from "../rules/finding.ts";
export type { WeightProgress } from "../training/training_pass.ts";
export type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
export type { GateResult } from "../gate/gate_result.ts";
export type { Measurements } from "../measure/measurements.ts";
export type { DiagnosedReport } from "../render/report_document.ts";
export type { GrowthSummary } from "../study/growth/growth_types.ts";
export type { StudySummary } from "../study/study_summary.ts";
export type { TrainingStep } from "../training/training_step.ts";
export type { HistoryRecord } from "./history_view.ts";
export { renderGatePage } from "./gate_page.ts";
export { renderGrowthPage } from "./growth_page.ts";
export { type HistoryPageOptions, renderHistoryPage } from "./history_page.ts";
export { renderReportPage, type ReportPageOptions } from "./report_page.ts";
export * from "./study_page.ts";
