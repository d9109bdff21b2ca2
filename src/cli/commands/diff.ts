import {
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  QUIET_FLAG,
  REMOTE_PERMISSIONS,
  RUN_FLAGS,
  seedsFlag,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import { BY_EXTENSION, FORCE_FLAG, TEXT_FLAGS } from "../flags/show_flags.ts";
import { formatsOf } from "../formats.ts";
import { defineCommand, late } from "../kit/command.ts";
import { boolean, file, type FlagValues, oneOf, usual, withoutDefault } from "../kit/flag.ts";

export const DIFF_FORMATS = formatsOf("diff");

/** Flags of `diff`. */
export const DIFF_FLAGS = {
  seeds: usual(
    "runs and verdict",
    seedsFlag("compare one MODEL under two seeds, such as 0,1", {
      otherwise: "--seed, for both models",
    }),
  ),
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  // With --seeds it would be ignored.
  seed: withoutDefault(RUN_FLAGS.seed),
  trial: TRIAL_FLAG,
  trialBudget: TRIAL_BUDGET_FLAG,
  quiet: QUIET_FLAG,
  format: usual(
    "result",
    oneOf(DIFF_FORMATS, { help: "how to show the result", otherwise: BY_EXTENSION }),
  ),
  out: usual("result", file("write", { help: "write the result there instead of to stdout" })),
  force: FORCE_FLAG,
  ...TEXT_FLAGS,
  all: usual("result", boolean("give every layer a row, even if nothing in it moved")),
};

/** Values of the flags of `diff`. */
export type DiffValues = FlagValues<typeof DIFF_FLAGS>;

/** `diff`: compares two runs; exits with 0 unless one of them fails. */
export const diff = defineCommand({
  operand: { name: "MODEL", least: 1, most: 2, takes: "files", opensFolders: true },
  description: [
    "Says what differs between two networks, layer by layer, the worst change first: std of the kernel,",
    "mean |gradient|, mean |activation|, mean |delta|, saturated and dead shares, the loss, and which",
    "causes are gone, have stayed and are new. The first MODEL is A, the second B. Exits with 0 whatever",
    "differs.",
    "",
    "MODEL is what report takes: a model.json, a .keras or .h5 file, a .ts or .js module that creates a",
    "model, or PyTorch weights; or a report that report --format json wrote, which is known by its",
    "content and not measured again. One MODEL is compared with itself under two --seeds.",
    "",
    "Of two files of weights, of any size, also: which tensors are equal to the bit, the relative change",
    "and the cosine of the others, the first tensor that differs, and which blocks a fine-tune touched.",
    "",
    "Layers are matched by name, and by order, class and shapes where TensorFlow.js or Keras made the",
    "name up. A figure counts as moved if it differs by more than two draws of the same initialisers",
    "would: a kernel of n weights by a factor of exp(4 / sqrt(n)), four standard deviations; the",
    "outputs and deltas of the layers by as much as theory doubts them; or, where weights and batch are the",
    "same, by more than 1 %.",
  ].join("\n"),
  flags: DIFF_FLAGS,
  examples: [
    ["diff before.ts after.ts", "two models"],
    ["diff examples/digits.ts --seeds 0,1", "two draws of one model"],
    ["diff first/model.json last/model.json --batch batch.json", "two checkpoints"],
    ["diff base.safetensors tuned.safetensors", "the weights before and after a fine-tune"],
    ["diff report.json model.ts", "a model against an earlier report"],
    ["diff before.ts after.ts --out difference.html", "a page with charts of both"],
  ],
  permissions: [...MEASURE_PERMISSIONS, ...REMOTE_PERMISSIONS],
  run: late(() => import(import.meta.resolve("./run_diff.ts"))),
});
