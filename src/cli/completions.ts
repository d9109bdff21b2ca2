import { MODEL_RULES } from "../checks/model_rules.ts";
import { GATE_RULES } from "../gate/gate_rules.ts";
import { nearest } from "../words/nearest.ts";
import type { Command } from "./command.ts";
import { type Completion, SHELLS } from "./completion_scripts.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { COMMANDS } from "./overview.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** `completions`: a script that lets a shell complete subcommands, flags and their values. */
export const completions: Command = {
  usage: "completions SHELL",
  description: [
    "Prints a script for bash, zsh or fish that completes the subcommands, flags and values of the",
    "program gradient-health, as it is called after",
    "",
    "deno install -g -A -n gradient-health jsr:@gradient-health/gradient-health",
    "",
    "or, in a checkout,",
    "",
    "deno install -g -A -n gradient-health --config deno.json mod.ts",
  ].join("\n"),
  flags: [{ name: "help", value: null, help: "show this help" }],
  examples: [
    ["completions bash > ~/.local/share/bash-completion/completions/gradient-health", "bash"],
    ["completions zsh > ~/.zfunc/_gradient-health", "zsh, with ~/.zfunc in fpath"],
    ["completions fish > ~/.config/fish/completions/gradient-health.fish", "fish"],
  ],
  permissions: ["none"],
  async run(operands: string[], _flags: FlagValues): Promise<number> {
    const [shell = "", ...more] = operands;
    const names = Object.keys(SHELLS);
    if (!Object.hasOwn(SHELLS, shell) || more.length > 0) {
      throw new UsageError(
        `completions takes one SHELL, ${names.slice(0, -1).join(", ")} or ${names.at(-1)}, found ${
          operands.length === 0 ? "none" : operands.join(" ")
        }${nearest(shell, names)}`,
      );
    }
    await writeOutput(SHELLS[shell](await describeAll()), null);
    return 0;
  },
};

/** What there is to complete, read off the table of subcommands. */
async function describeAll(): Promise<Completion[]> {
  return await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
      const { usage, flags } = await load();
      return { name, summary, operands: operandsOf(usage), flags: flags.map(describe) };
    }),
  );
}

function describe(flag: Flag): Completion["flags"][number] {
  const { name, value, help, repeatable = false } = flag;
  // `auto|N` and `text|json[=FILE]` name the words that they take in small letters.
  const words = flag.words ??
    value?.replace(/\[.*$/, "").split("|").filter((word) => /^[a-z0-9]+$/.test(word));
  const takes = value === null
    ? null
    : words!.length > 0
    ? words!
    : /FILE/.test(value)
    ? "files"
    : [];
  return { name, value, help, takes, repeatable };
}

function operandsOf(usage: string): Completion["operands"] {
  if (/\b(MODEL|FILE)\b/.test(usage.replace(/\[flags\]$/, ""))) return "files";
  if (/\bRULE\b/.test(usage)) return [...GATE_RULES, ...MODEL_RULES].map(({ name }) => name);
  return /\bSHELL\b/.test(usage) ? Object.keys(SHELLS) : [];
}
