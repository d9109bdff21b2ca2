import type { Finding } from "../checks/finding.ts";
import type { Network } from "../checks/network/network.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Cure } from "./cure.ts";

/** Input of a search for causes. */
export interface Patient {
  /** All measurements. */
  measurements: Measurements;
  /** View of the measurements that rules share. */
  network: Network;
  /** All findings of the rules. */
  findings: readonly Finding[];
}

/** Possible cause: it becomes one by the findings that state it or follow from it. */
export interface Suspect {
  /** Kind of fault. */
  kind: string;
  /** Layers that have it. */
  layers: string[];
  /** Description of the fault in one sentence. */
  message: string;
  /** Findings that state the fault itself. */
  states: Finding[];
  /** Returns true if a finding of another rule may follow from it. */
  explains(finding: Finding): boolean;
  /** Fixes, the likeliest first. */
  cures: Cure[];
}

/** Finds the suspects of one kind. */
export type Search = (patient: Patient) => Suspect[];
