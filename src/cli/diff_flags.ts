import { formatsOf } from "./formats.ts";
import type { FlagValues } from "./flag.ts";
import { boolean, file, oneOf, withoutDefault } from "./flag_kinds.ts";
import { BY_EXTENSION } from "./format_of.ts";
import {
  PLUGIN_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "./measure_flags.ts";
import { TEXT_FLAGS } from "./show_flags.ts";
import { seedsFlag } from "./work_flags.ts";

/** Formats of a difference. */
export const DIFF_FORMATS = formatsOf("diff");

/** Flags of `diff`. */
export const DIFF_FLAGS = {
  seeds: seedsFlag("compare one MODEL under two seeds, such as 0,1", {
    otherwise: "--seed, for both models",
  }),
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  // With --seeds it would be ignored.
  seed: withoutDefault(RUN_FLAGS.seed),
  trial: TRIAL_FLAG,
  trialBudget: TRIAL_BUDGET_FLAG,
  quiet: QUIET_FLAG,
  format: oneOf(DIFF_FORMATS, { help: "how to show the result", otherwise: BY_EXTENSION }),
  out: file("write", { help: "write the result there instead of to stdout" }),
  ...TEXT_FLAGS,
  all: boolean("give every layer a row, even one of which nothing moved"),
};

/** Values of the flags of `diff`. */
export type DiffValues = FlagValues<typeof DIFF_FLAGS>;
