import { MERGE_FLAGS } from "../flags/sweep_flags.ts";
import { defineCommand, late } from "../kit/command.ts";

/** `merge`: joins the parts of a study, or of a report. */
export const merge = defineCommand({
  operand: { name: "FILE", least: 1, most: Infinity, takes: "files" },
  description: [
    "Joins the parts that sweep, scale or report --shard I/N --out FILE wrote, and shows the whole as",
    "they do. With --out the result is byte-identical to that of the run that was not split. Parts of",
    "different runs or versions are refused, and so are missing or duplicate ones, which the error names.",
    "",
    "Of a study, a single FILE with the whole is displayed. Of a report on a file of weights, --out has",
    "the report, by default in the format in which its name ends.",
  ].join("\n"),
  flags: MERGE_FLAGS,
  examples: [
    ["merge part1.json part2.json part3.json --out study.json", "join three shards"],
    ["merge part*.json --format json", "the report on a checkpoint, of its parts"],
    ["merge study.json --format csv", "the figures of a study, for other programs"],
    ["merge study.json --format html --out study.html", "a study as a page"],
  ],
  permissions: [
    { grant: "--allow-read=FILE...,PACKAGE", purpose: "the parts, and this package" },
  ],
  run: late(() => import(import.meta.resolve("./run_merge.ts"))),
});
