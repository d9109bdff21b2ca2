import { FAIL_ON } from "../../diagnosis/verdict.ts";
import {
  jobsFlag,
  PLUGIN_FLAG,
  PROOF_FLAG,
  QUIET_FLAG,
  RUN_FLAGS,
  seedsFlag,
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
import {
  boolean,
  file,
  type FlagValues,
  integer,
  oneOf,
  parsed,
  repeated,
  usual,
  withoutDefault,
} from "../kit/flag.ts";
import { readReporter, REPORTERS } from "../reporters.ts";

/** Flags of `check`, in the order of its help. */
export const CHECK_FLAGS = {
  config: usual(
    "runs and verdict",
    file("read", {
      help: "the configuration",
      otherwise:
        "gradient-health.json, .jsonc or the key gradientHealth of deno.json, in this folder " +
        "or the nearest above it",
    }),
  ),
  noConfig: boolean("ignore configuration files and use the defaults"),
  printConfig: boolean("print the effective configuration as JSON and exit"),
  reporter: usual(
    "result",
    repeated(parsed({
      help: "how to show the result, on stdout or in FILE; repeatable",
      otherwise: "text",
      value: `${REPORTERS.join("|")}[=FILE]`,
      takes: REPORTERS,
      read: readReporter,
      permissions: [{
        grant: "--allow-read=FOLDER --allow-write=FOLDER",
        purpose: "the folder of a reporter's FILE",
      }, {
        grant: "--allow-env=GITHUB_STEP_SUMMARY,GITHUB_WORKSPACE",
        purpose: "for the step summary of --reporter github, with --allow-write of the file it " +
          "names, and for paths relative to the root of the checkout",
      }],
    })),
  ),
  seeds: usual(
    "runs and verdict",
    seedsFlag(
      "check every model with N draws (seeds 0 to N - 1), or under the seeds of a list: 1,2,5 or 0..9",
      { otherwise: "the configuration's, else --seed alone" },
    ),
  ),
  failOn: usual(
    "runs and verdict",
    oneOf(FAIL_ON, {
      help: "verdict that fails the gate: with weak, a warning fails it too",
      otherwise: "the configuration's, else sick",
    }),
  ),
  maxWarnings: integer({ help: "fail if there are more than N warnings", least: 0 }),
  failFast: boolean("stop at the first run that fails"),
  jobs: usual("runs and verdict", jobsFlag("number of parallel runs, each in its own worker", 1)),
  shard: shardFlag("make only every N-th run, starting with the I-th"),
  baseline: file("read", {
    help: "compare with these figures",
    otherwise: "gradient-health.baseline.json beside the configuration, if it exists",
  }),
  updateBaseline: usual(
    "runs and verdict",
    boolean("store the figures instead of comparing them", [{
      grant: "--allow-read=FOLDER --allow-write=FOLDER",
      purpose: "the folder of the baseline, for --update-baseline",
    }]),
  ),
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  proof: PROOF_FLAG,
  trial: TRIAL_FLAG,
  // The configuration can set these too; a default would override it.
  examples: withoutDefault(RUN_FLAGS.examples),
  seed: withoutDefault(RUN_FLAGS.seed),
  trialBudget: withoutDefault(TRIAL_BUDGET_FLAG),
  quiet: QUIET_FLAG,
  ...TEXT_FLAGS,
  details: DETAILS_FLAG,
  format: oneOf(REPORTERS, {
    help: "shorthand for a single --reporter: --format json is --reporter json",
    otherwise: BY_EXTENSION,
  }),
  out: file("write", { help: "the FILE of that reporter", otherwise: "stdout" }),
  force: FORCE_FLAG,
  open: OPEN_FLAG,
};

/** Values of the flags of `check`. */
export type CheckValues = FlagValues<typeof CHECK_FLAGS>;
