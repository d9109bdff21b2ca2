import type { Command } from "./command.ts";

/** A subcommand that has not been loaded yet. */
interface CommandEntry {
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
  diff: {
    summary: "what differs between two models, seeds, checkpoints or reports",
    load: async () => (await import("./diff.ts")).diff,
  },
  fix: {
    summary: "write a fixed copy of a model, and what was changed in it",
    load: async () => (await import("./fix.ts")).fix,
  },
  sweep: {
    summary: "the rescaling study: the effect of the scale of the kernels",
    load: async () => (await import("./sweep.ts")).sweep,
  },
  merge: {
    summary: "join the shards of a study",
    load: async () => (await import("./merge.ts")).merge,
  },
  explain: {
    summary: "what a rule means, where its threshold comes from, how to fix it",
    load: async () => (await import("./explain.ts")).explain,
  },
  init: {
    summary: "write the test, configuration and CI workflow for your models",
    load: async () => (await import("./init.ts")).init,
  },
  completions: {
    summary: "print a completion script for bash, zsh or fish",
    load: async () => (await import("./completions.ts")).completions,
  },
};

/** How the help writes the program, as the README does. */
export const PROGRAM = "deno run -A mod.ts";

/** The help of the whole program: what there is. */
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
 * Shows what there is and ends the process, if nothing else is asked for. The user waits for the
 * answer alone: what does the work, and says what went wrong, would be loaded after it. Where stdout
 * cannot be written, that says why.
 *
 * @param args The arguments of the process.
 */
export function showOverview([name]: string[]): void {
  if (name !== "--help" && name !== "-h") return;
  const bytes = new TextEncoder().encode(renderOverview());
  try {
    if (Deno.stdout.writeSync(bytes) < bytes.length) return;
  } catch {
    return;
  }
  Deno.exit(0);
}

/**
 * Whether a command line asks for help, so that nothing of the library is needed.
 *
 * @param args The arguments.
 * @returns Whether `--help` or `-h` is among the flags. After `--` come names, whatever they look like.
 */
export function asksForHelp(args: string[]): boolean {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.includes("--help") || own.includes("-h");
}
