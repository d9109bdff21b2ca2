/**
 * How much a rule's findings weigh: `off`, the rule is not run; `warn`, its errors count as warnings;
 * `error`, they count as the rule says.
 */
export type Level = "off" | "warn" | "error";

/** A level, alone or with thresholds of the rule that differ from the defaults. */
export type RuleEntry = Level | [Level] | [Level, Record<string, number>];

/** A named set of levels to start from. */
export type PresetName = "recommended" | "strict" | "init";

/** One model to check, as a configuration file has it. */
export interface ModelEntry {
  /** Name in reports and in the baseline. Default: the path. */
  name?: string;
  /** Its file or module, relative to the folder of the configuration. */
  path: string;
  /**
   * File with its weights, as `--weights` takes it: of PyTorch or Keras. Default: those that it comes with, or that a
   * seed draws.
   */
  weights?: string;
  /** File with the batch: JSON, .npz, .npy, .csv or a folder of pictures. Default: the module's batch, else a random one. */
  batch?: string;
  /** What to differentiate. Default: the module's, else the loss it was compiled with, else `sum`. */
  objective?: string;
  /** How many examples to draw. Default: 32, or fewer where a pass of them would not fit the WASM heap. */
  examples?: number;
  /** The seeds to check it under, one run each. Default: seed 0 alone. */
  seeds?: number[] | string;
  /** Whether it has been trained: rules about initialisation then only give notes. */
  trained?: boolean;
  /** Modules that register its custom layers. Default: none. */
  register?: string[];
}

/** A finding that is known and accepted. */
export interface Suppression {
  /** Name of the rule. */
  rule: string;
  /**
   * The layer's name; `*` stands for any characters, and alone for the whole model as well. Default: `*`.
   */
  layer?: string;
  /** Name of the model. Default: every model. */
  model?: string;
  /** Why it is accepted. */
  reason: string;
  /** The last day on which it applies, as YYYY-MM-DD (UTC). Default: no end. */
  until?: string;
}

/** What `gradient-health.json` holds. `gradient-health.schema.json` documents the same keys. */
export interface Configuration {
  /** Where editors find the schema. */
  $schema?: string;
  /** The preset to start from. Default: `recommended`. */
  extends?: PresetName;
  /** The models that a `check` without operands checks. */
  models?: ModelEntry[];
  /** Modules that export rules of your own, see `defineRule`. */
  plugins?: string[];
  /** Levels and thresholds of rules, by name. */
  rules?: Record<string, RuleEntry>;
  /** Findings that are accepted. */
  suppressions?: Suppression[];
  /** The baseline file. Default: `gradient-health.baseline.json` beside the configuration. */
  baseline?: string;
  /** Seconds that a trial may take, as estimated. Default: 10. */
  trialBudget?: number;
  /** How many warnings the gate allows. Default: any number; 0 under `strict`. */
  maxWarnings?: number;
}
