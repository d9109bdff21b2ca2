import type { TrialMode } from "../../core/diagnosis/examine/try_findings.ts";
import { parseSeeds, type ScaleEntry } from "../../gate/configuration.ts";
import type { GateSettings } from "../../gate/resolve_configuration.ts";
import { nearestObjective } from "../../core/measure/require_objective.ts";
import type { SweepJournal } from "../../checkpoint/sweep_journal.ts";
import type { WeightsFile } from "../../files/weights_file.ts";
import { OBJECTIVES } from "../../core/model/objective.ts";
import { type LossCall, parseLossCall } from "../../ground/traits/parse_loss.ts";
import { torchLossOf } from "../../ground/traits/torch_losses.ts";
import { parseOptimizer, type RequestedOptimizer } from "../../ground/traits/torch_optimizers.ts";
import { TRIAL_BUDGET } from "../../core/probe/probe_options.ts";
import type { Shard } from "../../study/study_document.ts";
import { showValue } from "../../ground/words/show_value.ts";
import {
  boolean,
  file,
  files,
  type Flag,
  type FlagValues,
  integer,
  parsed,
  type Permission,
  readInteger,
  readWord,
  requirePath,
  seconds,
  UsageError,
  usual,
} from "../kit/flag.ts";
import { refusal } from "../../ground/words/input_error.ts";

const TRIALS = ["auto", "always", "off"] as const;

/** Flags of every subcommand that measures. */
export const MEASURE_FLAGS = {
  batch: usual(
    "model and batch",
    file("read", {
      help:
        "file with the batch: .npz (x and y, or x_train and y_train), .npy, .csv with a header (targets: a last column " +
        "y, target, label, class or species, or one with names of classes), " +
        'a folder of PNG pictures by class, or JSON: {"inputs": T, "targets": T}, T a nested array or ' +
        '{"shape", "values"}',
      otherwise: "the module's, else a random one",
    }),
  ),
  examples: usual(
    "model and batch",
    integer({
      help:
        "how many examples to draw; auto: 32, or fewer where a pass of them would not fit the WASM heap",
      least: 1,
      most: 1e6,
      or: "auto" as const,
      default: "auto",
    }),
  ),
  microBatch: integer({
    help: "examples per step; auto: all, or as many as fit the WASM heap; results do not change",
    least: 1,
    most: 1e6,
    or: "auto",
    default: "auto",
  }),
  objective: usual(
    "model and batch",
    parsed<(typeof OBJECTIVES)[number] | LossCall, null>({
      help:
        "what to differentiate, sum or a loss such as meanSquaredError; a name that ends in FromLogits is for a head without softmax or sigmoid; " +
        'a loss of PyTorch may have arguments: "nn.CrossEntropyLoss(label_smoothing=0.1)"',
      otherwise: "the module's, else the loss the model was compiled with, else sum",
      value: "NAME",
      takes: OBJECTIVES,
      read: (text, place) =>
        text.includes("(") || torchLossOf(text) !== null
          ? parseLossCall(text, place)
          : readWord(text, place, OBJECTIVES, nearestObjective),
    }),
  ),
  trust: boolean(
    "measure a model file however much memory and work it asks for: past 384 MiB and 10 times its weights for an example, 2e13 operations for a batch, or 2000 layers",
  ),
  portable: boolean("no relaxed SIMD: the same figures on every machine"),
  weights: usual(
    "model and batch",
    file("read", {
      help:
        "put these weights into the model: .safetensors, .pt or .pth of the same network in PyTorch, " +
        ".weights.h5, .h5 or .keras of the same in Keras",
    }),
  ),
  register: files("run", {
    help: "module that registers the custom layers of a model.json, .keras or .h5",
  }),
};

/** Flags of every subcommand that runs a model under one seed at a time. */
export const RUN_FLAGS = {
  ...MEASURE_FLAGS,
  optimizer: usual(
    "runs and verdict",
    parsed<RequestedOptimizer, null>({
      help:
        'optimizer to train with, as PyTorch writes it: "AdamW(lr=3e-4, weight_decay=0.01)"; the trial takes it first, and its rate is judged',
      value: "CALL",
      otherwise: "the one that the model was compiled with, else Adam",
      read: parseOptimizer,
    }),
  ),
  weightsOnly: boolean(
    "judge only the weights of MODEL, without its network: no pass is run, and a file of any size " +
      "is read in pieces",
  ),
  sample: boolean(
    "read at most 1 MiB of each tensor of a file of weights, and show 95 % intervals; rows are not compared",
  ),
  fresh: boolean(
    "measure a large file of weights from its beginning even if a stopped run got further, and keep nothing for a later run",
    [{
      grant: "--allow-env=HOME,XDG_CACHE_HOME --allow-write=FOLDER",
      purpose:
        "to continue after a stop without --fresh; FOLDER is gradient-health in the cache folder",
    }],
  ),
  cache: parsed({
    help: "cache in FOLDER what is read of a MODEL on a server, for later runs",
    value: "FOLDER",
    otherwise: "nothing is kept",
    read: (text, place) => requirePath(place, text, "the path of a folder"),
    permissions: [{
      grant: "--allow-read=FOLDER --allow-write=FOLDER",
      purpose: "the folder of --cache",
    }],
  }),
  half: boolean("also judge whether the numbers fit into fp16; the pass takes longer"),
  seed: usual(
    "model and batch",
    integer({ help: "seed of the model and of the random batch", least: 0, default: 0 }),
  ),
  threads: integer({
    help: "engine threads; results do not depend on it",
    least: 1,
    most: 8,
    or: "auto",
    default: "auto",
    permissions: [{
      grant: "--allow-read=WASM",
      purpose: "for --threads above 1, which auto uses for large models: WASM is then " +
        "tfjs-backend-wasm-threaded-simd.wasm",
    }],
  }),
};

/** Flag of every subcommand that shows progress on stderr. */
export const QUIET_FLAG = boolean("print only errors on stderr");

/** Flag of every subcommand that knows rules: modules with your own rules. */
export const PLUGIN_FLAG = files("run", {
  help: "module that exports your own rules, made by defineRule()",
});

/** Flag of every subcommand that diagnoses a model: when to run the trial. */
export const TRIAL_FLAG = usual(
  "runs and verdict",
  parsed<TrialMode, "auto">({
    help:
      "train the model on its batch for some steps, if a few fit the budget (auto); always; off; " +
      "or for STEPS steps; always tries the fixes of warnings too",
    value: "auto|always|off|STEPS",
    takes: TRIALS,
    default: "auto",
    read: (text, place) =>
      TRIALS.find((word) => word === text) ??
        readInteger(text, place, { least: 1, most: 10000, or: "auto, always or off" }),
  }),
);

/** Flag of the same subcommands: seconds that a trial may take. */
export const TRIAL_BUDGET_FLAG = seconds({
  help:
    "how long a trial may take, as estimated from the model's size: rates, steps and examples " +
    "that do not fit are left out",
  default: TRIAL_BUDGET,
});

/** Request to examine a model in addition to measuring it. */
interface ExaminationRequest {
  /** When to train it. */
  trial: TrialMode;
  /** Maximum duration of the trial in seconds. */
  trialBudget: number;
  /** True to search the learning rate in any case. Default: only if it is at fault. */
  rates?: boolean;
  /** Rules of a gate to judge it by; `null` for all rules with their defaults. */
  rules: GateSettings["rules"] | null;
  /** True if it has been trained; `null` to guess from its biases. */
  trained: boolean | null;
  /** True to measure distributions, for a format that shows them. */
  histograms: boolean;
}

/** Flag of every subcommand that gives a verdict: a proof that it holds for other sizes. */
export const PROOF_FLAG = file("read", {
  help:
    "a study that scale --out wrote: judge the smallest of its siblings, which must be those of MODEL, " +
    "and say what that is worth for larger ones",
});

export interface MeasureRequest extends FlagValues<typeof RUN_FLAGS> {
  /** File of a proof that siblings of several sizes keep their scale. Default: none. */
  proof?: string | null;
  /** Sizes of siblings to train for such a proof. Default: none. */
  scale?: ScaleEntry | null;
  /** Path of the model, or `null` for the exercise's network. */
  model: string | null;
  /** The model, if it is a file of weights that is opened already. */
  opened?: { file: WeightsFile; journal: SweepJournal | null };
  quiet: boolean;
  examination: ExaminationRequest;
}

/**
 * Permissions of every subcommand that measures. The paths differ from machine to machine, and the
 * error without a permission names the one that is missing.
 */
export const MEASURE_PERMISSIONS: readonly Permission[] = [{
  grant: "--allow-read=FOLDER,PACKAGE,WASM",
  purpose: "FOLDER is that of MODEL, PACKAGE that of this package, and WASM the file " +
    "tfjs-backend-wasm-simd.wasm of TensorFlow.js: without one, the error names its path. A .ts " +
    "or .js MODEL runs with these permissions and may need more",
}];

/** Permissions of subcommands whose MODEL may be on a server. */
export const REMOTE_PERMISSIONS: readonly Permission[] = [{
  grant: "--allow-net=HOST",
  purpose: "the host of a MODEL on a server, and the one it redirects to: without one, the error " +
    "names both",
}, {
  grant: "--allow-env=HF_TOKEN,HF_ENDPOINT",
  purpose: "the token for a private model of Hugging Face, and another server in its place",
}];

export function jobsFlag<const D extends number | "auto">(help: string, fallback: D) {
  return integer({ help, least: 1, most: 256, or: "auto", default: fallback });
}

/** Returns the flag for the seeds of several runs. */
export function seedsFlag(
  help: string,
  { most, otherwise }: { most?: number; otherwise: string },
): Flag<number[], null> {
  return parsed({
    help,
    otherwise,
    value: "N|LIST",
    read: (text, place) => parseSeeds(text, place, most),
  });
}

/** Returns the flag for a part of the work. */
export function shardFlag(help: string): Flag<Shard, null> {
  return parsed({ help, value: "I/N", read: readShard });
}

function readShard(text: string, place: string): Shard {
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index !== undefined && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new UsageError(
    refusal`${place} is ${showValue(text)}, expected I/N, the I-th of N parts, such as 1/3`,
  );
}
