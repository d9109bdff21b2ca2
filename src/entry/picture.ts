/**
 * Pages: a report, the result of a gate, a study and the history of a training, each as one HTML
 * document that needs no other file.
 *
 * @module
 */
export type { Finding } from "../core/rules/finding.ts";
export type { WeightProgress } from "../training/training_pass.ts";
export type { Cause, Diagnosis } from "../core/diagnosis/diagnosis.ts";
export type { GateResult } from "../core/diagnosis/gate_result.ts";
export type { Measurements } from "../core/measure/measurements.ts";
export type { DiagnosedReport } from "../core/text/report_document.ts";
export type { GrowthSummary } from "../study/growth/growth_types.ts";
export type { StudySummary } from "../study/study_summary.ts";
export type { TrainingStep } from "../training/training_step.ts";
export type { HistoryRecord } from "../training/pages/history_view.ts";
export { renderGatePage } from "../gate/pages/gate_page.ts";
export { renderGrowthPage } from "../study/pages/growth_page.ts";
export { type HistoryPageOptions, renderHistoryPage } from "../training/pages/history_page.ts";
export { renderReportPage, type ReportPageOptions } from "../pages/report_page.ts";
export * from "../study/pages/study_page.ts";
