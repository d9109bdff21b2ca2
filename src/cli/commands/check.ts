import { MEASURE_PERMISSIONS, REMOTE_PERMISSIONS } from "../flags/measure_flags.ts";
import { defineCommand, late } from "../kit/command.ts";
import { CHECK_FLAGS } from "./check_flags.ts";
import type * as CheckWork from "./run_check.ts";

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
  run: late<typeof CheckWork>(() => import(import.meta.resolve("./run_check.ts"))),
});
