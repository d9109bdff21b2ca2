import {
  PLUGIN_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import { columnsFlag } from "../flags/show_flags.ts";
import { file, type FlagValues, usual } from "../kit/flag.ts";

/** Flags of `fix`. */
export const FIX_FLAGS = {
  out: usual("result", {
    ...file("write", {
      help: "folder for the fixed model, new or empty",
      otherwise: "nothing is written",
      value: "DIR",
    }),
    // The folder itself is created, not a file in it.
    access: null,
    permissions: [{
      grant: "--allow-read=FOLDER --allow-write=FOLDER",
      purpose: "FOLDER is the DIR of --out",
    }],
  }),
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  trial: TRIAL_FLAG,
  trialBudget: TRIAL_BUDGET_FLAG,
  quiet: QUIET_FLAG,
  columns: columnsFlag(),
};

/** Values of the flags of `fix`. */
export type FixValues = FlagValues<typeof FIX_FLAGS>;
