import type { Finding } from "../checks/finding.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";

/** A finding as the gate weighs it. */
export interface GateFinding extends Finding {
  /** Why it does not count, if a suppression accepts it; its severity is then `note`. */
  suppressed?: string;
  /** What it is about, where that is not the model. */
  about?: "configuration";
}

/** One run of one model, and what the gate says of it. */
export interface GateRun {
  /** Name of the model. */
  model: string;
  /** Its file. */
  path: string;
  /** The seed of the run. */
  seed: number;
  /** What was measured, or `null` if the pass failed. */
  measurements: Measurements | null;
  /** Why the pass failed, or `null`. */
  error: string | null;
  /** What the rules found, levels and suppressions applied. */
  findings: GateFinding[];
  /** What is wrong, causes first, with the cures that worked; absent where nothing was measured. */
  diagnosis?: Diagnosis;
}

/** How many findings of each kind there are. */
export interface GateSummary {
  /** Findings that fail the gate. */
  errors: number;
  /** Findings that fail it if there are more than `maxWarnings`. */
  warnings: number;
  /** Findings that never fail it; suppressed ones are not among them. */
  notes: number;
  /** Findings that a suppression accepts. */
  suppressed: number;
  /** Runs that could not be made. */
  unmeasured: number;
  /** Runs that were left out after an earlier one had failed. */
  skipped: number;
}

/** The verdict of a gate, and everything that led to it. */
export interface GateResult {
  /** Whether the change may land. */
  passed: boolean;
  /** The counts behind the verdict. */
  summary: GateSummary;
  /** How many warnings are allowed; `null`: any number. */
  maxWarnings: number | null;
  /** The rules that were run. */
  rules: string[];
  /** Those of them that judge the configuration, not a run. */
  configurationRules: string[];
  /** Every run, in the order of the configuration. */
  runs: GateRun[];
  /** The configuration, which `findings` are about; `null` where there is none. */
  configuration: string | null;
  /** Findings about the configuration rather than about a run. */
  findings: GateFinding[];
}
