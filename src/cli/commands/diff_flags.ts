import {
  PLUGIN_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  seedsFlag,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import { BY_EXTENSION, FORCE_FLAG, TEXT_FLAGS } from "../flags/show_flags.ts";
import { formatsOf } from "../formats.ts";
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
  all: usual("result", boolean("give every layer a row, even one of which nothing moved")),
};

/** Values of the flags of `diff`. */
export type DiffValues = FlagValues<typeof DIFF_FLAGS>;
