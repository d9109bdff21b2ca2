import { COMMANDS } from "./commands.ts";
import { PROGRAM } from "./program.ts";

/**
 * The help of the whole program: what there is. It is in a file of its own since whoever asks what
 * there is shall not wait for what lays out the rest.
 */
export function renderOverview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    "gradient-health: asserts that a neural network is healthy before it is trained",
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
