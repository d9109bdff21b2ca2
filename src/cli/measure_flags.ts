import { engineFileUrl, packageFolder, pathOf } from "../engine/engine_files.ts";
import type { TrialMode } from "../examine/examine.ts";
import type { GateSettings } from "../gate/resolve_configuration.ts";
import { nearestObjective } from "../measure/check_objective.ts";
import { TRIAL_BUDGET } from "../probe/trial_budget.ts";
import { OBJECTIVES } from "../model/objective.ts";
import type { FlagValues, Permission } from "./flag.ts";
import {
  boolean,
  file,
  files,
  integer,
  oneOf,
  parsed,
  readInteger,
  seconds,
} from "./flag_kinds.ts";

const TRIALS = ["auto", "always", "off"] as const;

const path = (file: Parameters<typeof engineFileUrl>[0]) => pathOf(engineFileUrl(file));

/** The flags of every subcommand that measures. */
export const MEASURE_FLAGS = {
  batch: file("read", {
    help:
      "the batch: .npz (x and y, or x_train and y_train), .npy, .csv with a header (targets: a last column " +
      "y, target, label, class or species, or one with names of classes), " +
      'a folder of PNG pictures by class, or JSON: {"inputs": T, "targets": T}, T a nested array or ' +
      '{"shape", "values"}',
    otherwise: "the module's, else a random one",
  }),
  examples: integer({
    help:
      "how many examples to draw; auto: 32, or fewer where a pass of them would not fit the WASM heap",
    least: 1,
    most: 1e6,
    or: "auto",
    default: "auto",
  }),
  microBatch: integer({
    help: "examples per step; auto: all, or as many as fit the WASM heap; results do not change",
    least: 1,
    most: 1e6,
    or: "auto",
    default: "auto",
  }),
  objective: oneOf(OBJECTIVES, {
    help:
      "what to differentiate: sum, or a loss such as meanSquaredError; a name that ends in FromLogits is for a head without softmax or sigmoid",
    otherwise: "the module's, else the loss the model was compiled with, else sum",
    value: "NAME",
    hint: nearestObjective,
  }),
  trust: boolean(
    "measure a model file however much memory and work it asks for: past 2 GiB an example, or 1e13 operations a batch",
  ),
  portable: boolean("no relaxed SIMD: the same figures on every machine"),
  weights: file("read", {
    help:
      "put these weights into the model: .safetensors, .pt or .pth of the same network in PyTorch, " +
      ".weights.h5, .h5 or .keras of the same in Keras",
  }),
  register: files("run", {
    help: "module that registers the custom layers of a model.json, .keras or .h5",
  }),
};

/** Those of every subcommand that makes one run of a model under one seed, or many beside another. */
export const RUN_FLAGS = {
  ...MEASURE_FLAGS,
  half: boolean("also judge whether the numbers fit into fp16; the pass takes longer"),
  seed: integer({ help: "seed of the model and of the random batch", least: 0, default: 0 }),
  threads: integer({
    help: "engine threads; results do not depend on it",
    least: 1,
    most: 8,
    or: "auto",
    default: "auto",
    permissions: [{
      grant: `--allow-read=${path("threaded")}`,
      purpose: "for --threads above 1, which auto uses for large models",
    }],
  }),
};

/** In every subcommand that says on stderr how far it is. */
export const QUIET_FLAG = boolean("print only errors on stderr");

/** Modules with rules of your own, in every subcommand that knows rules. */
export const PLUGIN_FLAG = files("run", {
  help: "module that exports your own rules, made by defineRule()",
});

/** When to train a model on its batch, in every subcommand that says what is wrong with it. */
export const TRIAL_FLAG = parsed<TrialMode, "auto">({
  help:
    "train the model on its batch for some steps: auto, where there is an error, a warning or " +
    "something that one pass cannot judge, such as dropout; always, with the fixes of warnings and however " +
    "large the model is; off; or STEPS steps where auto would",
  value: "auto|always|off|STEPS",
  takes: TRIALS,
  default: "auto",
  read: (text, place) =>
    TRIALS.find((word) => word === text) ??
      readInteger(text, place, 1, 10000, "auto, always or off"),
});

/** Seconds that a trial may take, in the same subcommands. */
export const TRIAL_BUDGET_FLAG = seconds({
  help:
    "how long a trial may take, as estimated from the model's size: rates, steps and examples " +
    "that do not fit are left out",
  default: TRIAL_BUDGET,
});

/** How a model is examined beside being measured. */
export interface ExaminationRequest {
  /** When to train it. */
  trial: TrialMode;
  /** Seconds that the training may take. */
  trialBudget: number;
  /** How a gate judges it; `null`: by every rule with its defaults. */
  rules: GateSettings["rules"] | null;
  /** Whether it has been trained; `null`: as its biases look. */
  trained: boolean | null;
  /** Whether to count how figures are distributed, for a format that shows it. */
  histograms: boolean;
}

/** What a command line asks to measure. */
export interface MeasureRequest extends FlagValues<typeof RUN_FLAGS> {
  /** Path of the model, or `null` for the exercise's network. */
  model: string | null;
  quiet: boolean;
  examination: ExaminationRequest;
}

/** What every subcommand that measures needs to be allowed, with the paths that the files have here. */
export const MEASURE_PERMISSIONS: readonly Permission[] = [{
  grant: `--allow-read=FOLDER,${packageFolder()},${path("single")}`,
  purpose:
    "FOLDER is that of MODEL; then this package, and the WASM binary of TensorFlow.js. A .ts or " +
    ".js MODEL runs with these permissions and may need more",
}];
