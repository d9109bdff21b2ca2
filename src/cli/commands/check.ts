import { FAIL_ON } from "../../core/diagnosis/diagnosis.ts";
import {
  jobsFlag,
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  PROOF_FLAG,
  QUIET_FLAG,
  REMOTE_PERMISSIONS,
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
import { defineCommand, late } from "../kit/command.ts";
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

/** `check`: measures, judges, and exits with 1 if the gate fails. */
export const check = defineCommand({
  operand: { name: "MODEL", least: 0, most: Infinity, takes: "files" },
  description: [
    "Decides whether a change can land: measures every MODEL as report does, judges it by the rules",
    "of the configuration, and exits with 1 if a finding is an error or there are more warnings than",
    "maxWarnings. Notes and suppressed findings never fail the gate.",
    "",
    "A MODEL is a file, or the name of one in the configuration. The default is every",
    "model in the configuration. Each model is checked under all its seeds: initialisation is a",
    "distribution, and one draw proves little. A model is sick where it is so under any seed. Its causes",
    "are shown once for all seeds, with what follows from them and what to do, as report shows them;",
    "--details shows every finding.",
    "",
    "A MODEL that is a PyTorch file of weights alone (.safetensors, .pt, .pth, .ckpt, .bin) is judged by the",
    "rules that weights alone decide; --weights FILE puts such weights into a module's model instead.",
    "",
    "A finding is identified by its rule (explain lists them) and its layer. The configuration sets the",
    "level and the thresholds of each rule, and which findings are suppressed and why.",
  ].join("\n"),
  flags: CHECK_FLAGS,
  sections: [
    ["configuration", [
      "JSON with comments and trailing commas. gradient-health.schema.json describes every key and its " +
      "default; editors and this program validate against it:",
      "extends: the preset to start from: recommended (every rule with its defaults), strict " +
      "(warnings fail too), or init (only rules about the initial weights and their signals).",
      "models: a list of { path, name, weights, batch, objective, examples, seeds, trained, register }; " +
      "paths are relative to the folder of the configuration.",
      "plugins: modules that export your own rules, made by defineRule(); their names have a prefix " +
      "and a slash, as in team/wide-layers.",
      'rules: by name "off", "warn" (its errors count as warnings), "error" (the severity of the rule), ' +
      'or ["error", { ...thresholds }].',
      "suppressions: a list of { rule, layer, reason, model, until }. Unused and " +
      "expired suppressions are reported.",
      "baseline: the baseline file. maxWarnings: how many warnings are allowed.",
    ]],
    ["baseline", [
      "--update-baseline stores the figures of every layer; later checks fail if a figure " +
      "changes by more than baselineFactor (2), or a share by more than baselineShare (0.25). New " +
      "or missing layers and new or renamed models are only noted. Writes are atomic and safe under " +
      "concurrency.",
    ]],
    ["reporters", [
      "text for people; json with all measurements; junit for GitLab, Jenkins and others: a cause fails " +
      "the test case of the rule that states it, and what follows from it is skipped; github: an " +
      "annotation for each cause, and a summary appended to $GITHUB_STEP_SUMMARY; markdown for " +
      "a comment on a pull request; sarif 2.1.0 for code scanning: a result for each cause. A missing " +
      "folder of a FILE is made before anything is measured.",
    ]],
    ["files", [
      "gradient-health.json or .jsonc, deno.json or .jsonc (the key gradientHealth): the " +
      "configuration. gradient-health.baseline.json: the baseline.",
    ]],
  ],
  examples: [
    ["check examples/digits.ts", "fail the build if the initialisation is unhealthy"],
    ["check model.json --batch batch.json --quiet", "a model from disk, on real data"],
    ["check --seeds 10 --jobs auto", "every model of the configuration, ten draws of each"],
    ["check --reporter github --reporter junit=gate.xml", "annotations, and a file for the CI"],
    ["check --update-baseline", "store the current figures"],
    ["check --shard 1/3 --reporter json=part1.json", "a third of the runs, in a CI matrix"],
    ["check --print-config", "the effective configuration"],
  ],
  permissions: [
    ...MEASURE_PERMISSIONS,
    ...REMOTE_PERMISSIONS,
    {
      grant: "--allow-read=.",
      purpose: "this folder and its parents, to look for a configuration and a baseline; not " +
        "needed with --no-config",
    },
  ],
  run: late(() => import(import.meta.resolve("./run_check.ts"))),
});
