import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";

const PROGRAM = "deno run -A mod.ts";

/** The help of the whole program: what there is. */
export function renderOverview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    "gradient-health: asserts that a neural network is healthy before anyone pays to train it",
    "",
    `usage: ${PROGRAM} <subcommand> [flags]`,
    "",
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `${PROGRAM} <subcommand> --help says more; --version prints the version.`,
    "Exit codes: 0 fine, 1 the gate failed, 2 wrong usage or unusable input.",
    "",
  ].join("\n");
}

/** The help of one subcommand. */
export function renderHelp(command: Command): string {
  const flags = command.flags.map(({ name, value, help }) => ({
    left: `--${name}${value === null ? "" : ` ${value}`}`,
    help,
  }));
  const width = Math.max(...flags.map(({ left }) => left.length));
  return [
    `usage: ${PROGRAM} ${command.usage}`,
    "",
    command.description,
    "",
    "flags:",
    ...flags.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`),
    "",
    "examples:",
    ...command.examples.flatMap(([line, does]) => [`  ${PROGRAM} ${line}`, `      ${does}`]),
    "",
    "permissions, where -A is too much:",
    ...command.permissions.map((line) => `  ${line}`),
    "",
  ].join("\n");
}
