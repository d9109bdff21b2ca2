import type { Command } from "./command.ts";

/** A subcommand that has not been loaded yet. */
export interface CommandEntry {
  /** One line for the overview. */
  summary: string;
  /** Loads it: `--help` of one must not pay for the others. */
  load(): Promise<Command>;
}

/** The subcommands by name. */
export const COMMANDS: Record<string, CommandEntry> = {
  report: {
    summary: "measure a model and show every layer",
    load: async () => (await import("./report.ts")).report,
  },
  check: {
    summary: "measure, judge, and exit with 1 if the model is not healthy",
    load: async () => (await import("./check.ts")).check,
  },
  sweep: {
    summary: "the rescaling study: what the scale of the kernels does",
    load: async () => (await import("./sweep.ts")).sweep,
  },
  merge: {
    summary: "join the parts of a study that shards wrote",
    load: async () => (await import("./merge.ts")).merge,
  },
  explain: {
    summary: "what a rule means, where its threshold comes from, what to do",
    load: async () => (await import("./explain.ts")).explain,
  },
  completions: {
    summary: "a script that lets bash, zsh or fish complete the command line",
    load: async () => (await import("./completions.ts")).completions,
  },
};
