import {
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import { columnsFlag } from "../flags/show_flags.ts";
import { defineCommand, late } from "../kit/command.ts";
import { file, type FlagValues, usual } from "../kit/flag.ts";

/** Flags of `fix`. */
const FIX_FLAGS = {
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

/** `fix`: writes a copy of a model with fixed weights; exits with 0 if the copy is healthy. */
export const fix = defineCommand({
  operand: { name: "MODEL", least: 0, most: 1, takes: "files", opensFolders: true },
  description: [
    "Measures MODEL as report does, says what is wrong, and tries the fixes on it. With --out it writes",
    "a copy of the model whose weights are fixed into DIR, and CHANGES.md, which lists for each cause",
    "what was changed, with figures before and after and code to paste. The copy is read again and",
    "measured before it gets its place. MODEL itself is never changed, and DIR must be new or empty.",
    "",
    "Of a model.json the topology, the names of its files and every weight that is not fixed stay as",
    "they are, to the last bit. Nothing is written into a .ts or .js module: paste the code. With --out",
    "its model, drawn under --seed and fixed, becomes a model.json, which tf.loadLayersModel reads; so",
    "does a .keras or .h5.",
    "",
    "Kernels can be rescaled or drawn again, and biases set. Everything else (an activation, the",
    "head, the loss, the data) is left to you, with the code for it. Warnings are left as they are.",
  ].join("\n"),
  flags: FIX_FLAGS,
  examples: [
    ["fix model.json --out fixed", "write the fixed model and CHANGES.md"],
    ["fix model.json --batch batch.json --objective meanSquaredError --out fixed", "on real data"],
    ["fix examples/digits.ts", "what a module needs, as code to paste"],
    ["fix --out fixed", "the exercise's network, rescaled"],
  ],
  permissions: MEASURE_PERMISSIONS,
  run: late(() => import(import.meta.resolve("./run_fix.ts"))),
});
