import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Network } from "./network/network.ts";

export type { Verdict } from "./finding.ts";

/** What a rule's judge is handed, all of it validated; `Name` are the thresholds that it reads. */
export interface Case<Name extends string = never> {
  /** Everything that was measured. */
  measurements: Measurements;
  /** What follows from the measurements of the network as a whole; each part is computed once for all rules. */
  network: Network;
  /** The layers to judge, in the order of the forward pass. */
  layers: LayerMeasurements[];
  /** The rule's own thresholds, defaults filled in. */
  thresholds: Readonly<Record<Name, number>>;
  /** Whether the network has been trained: its weights are then not to be drawn again. */
  trained: boolean;
}
