import type { Finding } from "../checks/finding.ts";
import type { Network } from "../checks/network/network.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Cure } from "./cure.ts";

/** What a search for causes is handed. */
export interface Patient {
  /** Everything that was measured. */
  measurements: Measurements;
  /** The view of it that rules share. */
  network: Network;
  /** Everything that the rules found. */
  findings: readonly Finding[];
}

/** A possible cause: it becomes one by what it states itself, or by what follows from it. */
export interface Suspect {
  /** What kind of fault it is. */
  kind: string;
  /** The layers that have it. */
  layers: string[];
  /** One sentence: what is wrong. */
  message: string;
  /** The findings that state the fault itself. */
  states: Finding[];
  /** Whether a finding of another rule may follow from it. */
  explains(finding: Finding): boolean;
  /** What to do, the likeliest first. */
  cures: Cure[];
}

/** Finds the suspects of one kind. */
export type Search = (patient: Patient) => Suspect[];
