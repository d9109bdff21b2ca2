import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { NetworkView } from "./network/network_view.ts";

export type { Verdict } from "./finding.ts";

/** Validated input of a rule's judge. `Name` lists the thresholds that it reads. */
export interface Case<Name extends string = never> {
  /** Measurements of the network. */
  measurements: Measurements;
  /** Derived view of the network. Each part is computed once for all rules. */
  network: NetworkView;
  /** Layers to judge, in the order of the forward pass. */
  layers: LayerMeasurements[];
  /** Thresholds of the rule, defaults filled in. */
  thresholds: Readonly<Record<Name, number>>;
  /** True if the network is trained, so that its weights must not be redrawn. */
  trained: boolean;
}
