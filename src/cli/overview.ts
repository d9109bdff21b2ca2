import type { CommandEntry } from "./kit/command.ts";
import { host } from "../platform/host.ts";

/** Subcommands by name. */
export const COMMANDS: Record<string, CommandEntry> = {
  report: {
    summary: "measure a model and show every layer",
    load: async () => (await import("./commands/report.ts")).report,
  },
  check: {
    summary: "measure, judge, and exit with 1 if the model is not healthy",
    load: async () => (await import("./commands/check.ts")).check,
  },
  diff: {
    summary: "what differs between two models, seeds, checkpoints or reports",
    load: async () => (await import("./commands/diff.ts")).diff,
  },
  fix: {
    summary: "write a fixed copy of a model, and what was changed in it",
    load: async () => (await import("./commands/fix.ts")).fix,
  },
  sweep: {
    summary: "the rescaling study: the effect of the scale of the kernels",
    load: async () => (await import("./commands/sweep.ts")).sweep,
  },
  scale: {
    summary: "whether a model keeps its scale as it gets wider and deeper",
    load: async () => (await import("./commands/scale.ts")).scale,
  },
  merge: {
    summary: "join the shards of a study, or of a report on weights",
    load: async () => (await import("./commands/merge.ts")).merge,
  },
  watch: {
    summary: "judge the log of a training: what went wrong, and since when",
    load: async () => (await import("./commands/watch.ts")).watch,
  },
  explain: {
    summary: "what a rule means, where its threshold comes from, how to fix it",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
  init: {
    summary: "write the test, configuration and CI workflow for your models",
    load: async () => (await import("./commands/init.ts")).init,
  },
  completions: {
    summary: "print a completion script for bash, zsh or fish",
    load: async () => (await import("./kit/completions.ts")).completionsOf(COMMANDS),
  },
};

/** Command that starts the program, as in the README. */
export const PROGRAM = "deno run -A mod.ts";

/** Returns the help of the whole program. */
export function renderOverview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    "gradient-health: asserts that a neural network is healthy before it is trained",
    "",
    `usage: ${PROGRAM} <subcommand> [flags]`,
    `       ${PROGRAM} MODEL [flags]: report of a model`,
    "",
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `${PROGRAM} <subcommand> --help shows more; --version prints the version.`,
    "Exit codes: 0 success, 1 not healthy, 2 wrong usage or unusable input.",
    "",
  ].join("\n");
}

/**
 * Shows the overview and ends the process, if nothing else is requested. This is fast, since all
 * other code would be loaded after it. If stdout cannot be written, that code reports why.
 *
 * @param args The arguments of the process.
 */
export function showOverview([name]: string[]): void {
  if (name !== "--help" && name !== "-h") return;
  const bytes = new TextEncoder().encode(renderOverview());
  try {
    if (host.stdout.writeSync(bytes) < bytes.length) return;
  } catch {
    return;
  }
  host.exit(0);
}

/**
 * Returns the help that a command line asks for, so that the library is not needed.
 *
 * @returns `usual` if `--help` or `-h` is among the flags, `all` if the word `all` follows it, else
 * `null`. Every argument after `--` is an operand.
 */
export function helpAskedFor(args: string[]): "usual" | "all" | null {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own.includes("--help=all")) return "all";
  const at = own.findIndex((word) => word === "--help" || word === "-h");
  if (at === -1) return null;
  return own[at + 1] === "all" ? "all" : "usual";
}
