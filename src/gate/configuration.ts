/**
 * Weight of a rule's findings: `off`, the rule does not run; `warn`, its errors count as warnings;
 * `error`, they count as the rule reports them.
 */
export type Level = "off" | "warn" | "error";

/** A level, alone or with thresholds that differ from the defaults. */
export type RuleEntry = Level | [Level] | [Level, Record<string, number>];

/** A named set of levels to start from. */
export type PresetName = "recommended" | "strict" | "init";

/** A model to check, as an entry of a configuration file. */
export interface ModelEntry {
  /** Name in reports and in the baseline. Default: the path. */
  name?: string;
  /** File or module, relative to the folder of the configuration. */
  path: string;
  /**
   * File with its weights, as for `--weights`: from PyTorch or Keras. Default: the model's own, or
   * drawn from a seed.
   */
  weights?: string;
  /**
   * File with the batch: JSON, .npz, .npy, .csv or a folder of images. Default: the module's batch,
   * else a random one.
   */
  batch?: string;
  /**
   * Objective to differentiate. Default: the module's, else the loss that it was compiled with,
   * else `sum`.
   */
  objective?: string;
  /**
   * Number of examples to draw. Default: 32, or fewer if a pass of 32 does not fit the WASM heap.
   */
  examples?: number;
  /** Seeds to check it with, one run each. Default: seed 0 alone. */
  seeds?: number[] | string;
  /** True if it has been trained: rules about initialisation then only give notes. */
  trained?: boolean;
  /** Modules that register its custom layers. Default: none. */
  register?: string[];
}

/** A known and accepted finding. */
export interface Suppression {
  /** Name of the rule. */
  rule: string;
  /**
   * Name of the layer; `*` matches any characters, and `*` alone also the whole model. Default:
   * `*`.
   */
  layer?: string;
  /** Name of the model. Default: every model. */
  model?: string;
  /** Reason why it is accepted. */
  reason: string;
  /** Last day on which it applies, as YYYY-MM-DD (UTC). Default: no end. */
  until?: string;
}

/** Contents of `gradient-health.json`. `gradient-health.schema.json` documents the same keys. */
export interface Configuration {
  /** Address of the schema, for editors. */
  $schema?: string;
  /** Preset to start from. Default: `recommended`. */
  extends?: PresetName;
  /** Models that `check` without operands checks. */
  models?: ModelEntry[];
  /** Modules that export your own rules, see `defineRule`. */
  plugins?: string[];
  /** Levels and thresholds of rules, by name. */
  rules?: Record<string, RuleEntry>;
  /** Accepted findings. */
  suppressions?: Suppression[];
  /**
   * Path of the baseline file. Default: `gradient-health.baseline.json` beside the configuration.
   */
  baseline?: string;
  /** Seconds that a trial may take, as estimated. Default: 10. */
  trialBudget?: number;
  /** Number of warnings that the gate allows. Default: any number; 0 with `strict`. */
  maxWarnings?: number;
}
