/**
 * Pages: a study and the history of a training, each as one HTML document that needs no other file. Reports and checks
 * are written as pages by `report --format html` and `check --reporter html`.
 *
 * @module
 */
export type { Finding } from "../checks/finding.ts";
export type { WeightProgress } from "../diagnosis/diagnose_training.ts";
export type { Cause } from "../diagnosis/diagnosis.ts";
export type { Measurements } from "../measure/measurements.ts";
export type { StudySummary } from "../study/study_summary.ts";
export type { HistoryRecord } from "./history_view.ts";
export * from "./history_page.ts";
export * from "./study_page.ts";
