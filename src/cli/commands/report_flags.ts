import {
  PLUGIN_FLAG,
  PROOF_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  shardFlag,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import {
  BY_EXTENSION,
  DETAILS_FLAG,
  FORCE_FLAG,
  OPEN_FLAG,
  TEXT_FLAGS,
} from "../flags/show_flags.ts";
import { formatsOf } from "../formats.ts";
import { boolean, file, type FlagValues, oneOf, pattern, usual } from "../kit/flag.ts";

export const REPORT_FORMATS = formatsOf("report");

/** Flags of `report`. */
export const REPORT_FLAGS = {
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  proof: PROOF_FLAG,
  trial: TRIAL_FLAG,
  trialBudget: TRIAL_BUDGET_FLAG,
  rates: usual(
    "runs and verdict",
    boolean(
      "train at a ladder of learning rates, show the loss over the rate, and name the usable rates " +
        "and the best one",
    ),
  ),
  quiet: QUIET_FLAG,
  format: usual(
    "result",
    oneOf(REPORT_FORMATS, { help: "how to show the result", otherwise: BY_EXTENSION }),
  ),
  out: usual("result", file("write", { help: "write the result there instead of to stdout" })),
  force: FORCE_FLAG,
  open: usual("result", OPEN_FLAG),
  watch: usual(
    "result",
    boolean("measure again whenever a file that was read changes, until Ctrl-C", [{
      grant: "--allow-read=FOLDERS",
      purpose:
        "the folders of the files that --watch watches: MODEL, what it imports, its weights, " +
        "--batch",
    }]),
  ),
  shard: shardFlag(
    "measure only the I-th of N parts of a file of weights, and write it to --out; merge joins them",
  ),
  layers: pattern("show only the layers whose name matches"),
  axis: oneOf(["log", "linear"], { help: "axis of the bars", default: "log" }),
  ...TEXT_FLAGS,
  details: DETAILS_FLAG,
  all: boolean("give every layer its own row, even where blocks repeat"),
};

/** Values of the flags of `report`. */
export type ReportValues = FlagValues<typeof REPORT_FLAGS>;
