import { InputError } from "../../ground/words/input_error.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { GateFinding } from "../rules/finding.ts";
import { host } from "../../platform/host.ts";

/** A run of a model, and its judgement. */
export interface GateRun {
  /** Name of the model. */
  model: string;
  /** Path of the model's file. */
  path: string;
  /** The seed of the run. */
  seed: number;
  /** Measurements, or `null` if the pass failed. */
  measurements: Measurements | null;
  /** Reason why the pass failed, or `null`. */
  error: string | null;
  /** Findings of the rules, after levels and suppressions. */
  findings: GateFinding[];
  /** Diagnosis, causes first, with the fixes that worked; absent if nothing was measured. */
  diagnosis?: Diagnosis;
}

/** Numbers of findings and runs of each kind. */
export interface GateSummary {
  /** Findings that fail the gate. */
  errors: number;
  /** Findings that fail the gate if there are more than `maxWarnings`. */
  warnings: number;
  /** Findings that never fail the gate, without the suppressed ones. */
  notes: number;
  /** Findings that a suppression accepts. */
  suppressed: number;
  /** Runs that could not be measured. */
  unmeasured: number;
  /** Runs that were skipped after an earlier one had failed. */
  skipped: number;
}

/** Verdict of a gate, and everything that led to it. */
export interface GateResult {
  /** True if the change may land. */
  passed: boolean;
  /** Counts behind the verdict. */
  summary: GateSummary;
  /** Number of allowed warnings; `null` for any number. */
  maxWarnings: number | null;
  /** Names of the rules that were run. */
  rules: string[];
  /** Names of the rules among them that judge the configuration, not a run. */
  configurationRules: string[];
  /** Runs, in the order of the configuration. */
  runs: GateRun[];
  /** Path of the configuration that `findings` are about; `null` if there is none. */
  configuration: string | null;
  /** Findings about the configuration rather than about a run. */
  findings: GateFinding[];
}

/**
 * Error for a configuration or a baseline that cannot be used. The message is one sentence with the
 * place.
 */
export class GateError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "GateError";
}

/** Returns true if reading a path is already allowed; does not prompt. */
export function isReadable(path: string): boolean {
  return host.permissions.querySync({ name: "read", path }).state === "granted";
}
