import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Finding } from "./finding.ts";
import type { Thresholds } from "./thresholds.ts";

/** What a rule's judge is handed, all of it validated. */
export interface Case {
  /** Everything that was measured. */
  measurements: Measurements;
  /** The layers to judge, in the order of the forward pass. */
  layers: LayerMeasurements[];
  /** Every threshold, defaults filled in. */
  thresholds: Thresholds;
  /** Whether the network has been trained: its weights are then not to be drawn again. */
  trained: boolean;
}

/** A finding without the name of the rule, which `defineRule` fills in. */
export type Verdict = Omit<Finding, "rule">;

/** The heart of a rule. */
export type Judge = (subject: Case) => Verdict[];
