import { formatsOf } from "../render/formats.ts";
import type { Flag } from "./flag.ts";
import { MEASURE_FLAGS, PLUGIN_FLAG } from "./measure_flags.ts";
import { SHOW_FLAGS } from "./show_flags.ts";

/** The flags of `check`, in the order in which its help shows them. */
export const CHECK_FLAGS: readonly Flag[] = [
  {
    name: "config",
    value: "FILE",
    help: "the configuration; default: gradient-health.json, .jsonc or the key gradientHealth of " +
      "deno.json, in this folder or the nearest above it",
  },
  { name: "no-config", value: null, help: "ignore configuration files and use the defaults" },
  { name: "print-config", value: null, help: "print the effective configuration as JSON and exit" },
  {
    name: "reporter",
    value: `${formatsOf("gate").join("|")}[=FILE]`,
    help: "how to show the result, on stdout or in FILE; repeatable; default: text",
    repeatable: true,
  },
  {
    name: "seeds",
    value: "N|LIST",
    help:
      "check every model with N draws (seeds 0 to N - 1), or under the seeds of a list: 1,2,5 or " +
      "0..9; default: the configuration's, else --seed alone",
  },
  { name: "max-warnings", value: "N", help: "fail if there are more than N warnings" },
  { name: "fail-fast", value: null, help: "stop at the first pass that fails" },
  {
    name: "jobs",
    value: "N|auto",
    help: "number of parallel passes, each in its own worker; default: 1",
  },
  { name: "shard", value: "I/N", help: "run only every N-th pass, starting with the I-th" },
  {
    name: "baseline",
    value: "FILE",
    help: "compare with these figures; default: gradient-health.baseline.json beside the " +
      "configuration, if it exists",
  },
  { name: "update-baseline", value: null, help: "store the figures instead of comparing them" },
  PLUGIN_FLAG,
  ...MEASURE_FLAGS,
  ...SHOW_FLAGS.filter(({ name }) => ["columns", "width", "unicode"].includes(name)),
  {
    name: "format",
    value: formatsOf("gate").join("|"),
    help: "shorthand for a single --reporter: --format json is --reporter json",
  },
  { name: "out", value: "FILE", help: "the FILE of that reporter; default: stdout" },
  { name: "help", value: null, help: "show this help" },
];
