import { showValue } from "../ground/words/show_value.ts";
import { GateError } from "../core/diagnosis/gate_result.ts";
import { refusal } from "../ground/words/input_error.ts";

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
  /** Optimizer to train with, as PyTorch writes it. Default: the compiled one, else Adam. */
  optimizer?: string;
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
  /** Sizes of siblings that must keep its scale; the smallest one is judged. Default: none. */
  scale?: ScaleEntry;
  /** File that `scale --out` wrote: a proof in place of training the siblings. Default: none. */
  proof?: string;
}

/** Sizes of the siblings of a model, two or more along an axis. */
export interface ScaleEntry {
  /** Widths. Default: the module's own. */
  widths?: number[];
  /** Depths. Default: the module's own. */
  depths?: number[];
  /** Number of seeds. Default: 3. */
  seeds?: number;
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
  /** Verdict that fails the gate: `"weak"` allows no warning. Default: `"sick"`; `"weak"` with `strict`. */
  failOn?: "sick" | "weak";
  /** Number of warnings that the gate allows. Default: any number, none if `failOn` is `"weak"`. */
  maxWarnings?: number;
}

/** More seeds than this are probably a typo. */
const MAX_SEEDS = 10_000;

/**
 * Parses seeds: a number of draws, `10`, for the seeds 0 to 9; or the seeds themselves, `1,2,5` or
 * `0..9`.
 *
 * @throws {GateError} If it names no seed, one twice, or too many.
 */
export function parseSeeds(text: string, place: string, most = MAX_SEEDS): number[] {
  const complain = () =>
    new GateError(
      refusal`${place} is ${
        showValue(text)
      }, expected how many draws (10), or seeds (1,2,5 or 0..9)`,
    );
  const seeds: number[] = [];
  const add = (from: number, to: number) => {
    if (to < from || !Number.isSafeInteger(to)) throw complain();
    if (seeds.length + (to - from + 1) > most) {
      throw new GateError(refusal`${place} is ${showValue(text)}, expected at most ${most} seeds`);
    }
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  };
  if (/^\s*\d+\s*$/.test(text)) {
    add(0, Number(text) - 1);
    return seeds;
  }
  for (const part of text.split(",")) {
    const [, first, last = first] = part.trim().match(/^(\d+)(?:\.\.(\d+))?$/) ?? [];
    if (first === undefined) throw complain();
    add(Number(first), Number(last));
  }
  if (new Set(seeds).size < seeds.length) {
    throw new GateError(refusal`${place} is ${showValue(text)}, expected every seed once`);
  }
  return seeds;
}
