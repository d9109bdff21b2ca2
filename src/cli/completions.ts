import { showWord } from "../words/show_word.ts";
import { MODEL_RULES } from "../checks/model_rules.ts";
import { gateRules } from "../gate/gate_rules.ts";
import { nearest } from "../words/nearest.ts";
import type { Command } from "./command.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { loadSettings } from "./load_settings.ts";
import { PLUGIN_FLAG } from "./measure_flags.ts";
import { COMMANDS } from "./overview.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

/** What a flag or an operand is completed with: files, or one of these words. */
type Takes = "files" | readonly string[];

/** What there is to complete of one subcommand. */
interface Completion {
  name: string;
  summary: string;
  operands: Takes;
  flags: readonly {
    name: string;
    /** What stands for its value in the help, or `null` for a switch. */
    value: string | null;
    help: string;
    /** What its value is completed with, or `null` for a switch. */
    takes: Takes | null;
    repeatable: boolean;
  }[];
}

const PROGRAM = "gradient-health";

/** Makes the script of a shell, by the shell's name. */
const SHELLS: Record<string, (commands: readonly Completion[]) => string> = {
  bash: (commands) =>
    `# bash completion of ${PROGRAM}
_gradient_health() {
  local IFS=$'\\n' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  # Of --flag=value bash makes three words.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$prev" = = ]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    ${bashWords(commands.map(({ name }) => name))}
    return
  fi
  case "\${COMP_WORDS[1]} $prev" in
${commands.flatMap(bashValues).join("\n")}
  esac
  case "\${COMP_WORDS[1]} $cur" in
${commands.flatMap(bashRest).join("\n")}
  esac
}
complete -o filenames -F _gradient_health ${PROGRAM}
`,

  zsh: (commands) =>
    `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}
_gradient_health() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${single(`${name}:${summary}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe subcommand commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(zshCommand).join("\n")}
  esac
}
# Called by the name of this file where it lies in fpath, else read by source.
if [ "$funcstack[1]" = "_${PROGRAM}" ]; then
  _gradient_health "$@"
else
  compdef _gradient_health ${PROGRAM}
fi
`,

  fish: (commands) =>
    [
      `# fish completion of ${PROGRAM}`,
      `complete -c ${PROGRAM} -f`,
      ...commands.map(({ name, summary }) =>
        `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d ${single(summary)}`
      ),
      ...commands.flatMap(fishCommand),
      "",
    ].join("\n"),
};

function bashWords(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${words.join("\\n")}' -- "$cur"))`;
}

function bashComplete(takes: Takes): string {
  if (takes === "files") return `COMPREPLY=($(compgen -f -- "$cur"))`;
  return takes.length === 0 ? ":" : bashWords(takes);
}

function bashValues({ name, flags }: Completion): string[] {
  return flags.flatMap(({ name: flag, takes }) =>
    takes === null ? [] : [`    "${name} --${flag}") ${bashComplete(takes)}; return ;;`]
  );
}

function bashRest({ name, flags, operands }: Completion): string[] {
  return [
    `    "${name} -"*) ${bashWords(flags.map(({ name }) => `--${name}`))} ;;`,
    `    "${name} "*) ${bashComplete(operands)} ;;`,
  ];
}

function zshCommand({ name, flags, operands }: Completion): string {
  const specs = flags.map(({ name, value, help, takes, repeatable }) => {
    const once = repeatable ? "*" : "";
    const text = `[${help.replace(/[\\[\]:]/g, "\\$&")}]`;
    if (takes === null) return `${once}--${name}${text}`;
    const label = value!.replace(/[\\[\]:]/g, "\\$&");
    return `${once}--${name}=${text}:${label}:${zshAction(takes)}`;
  });
  const all = [...specs, `*:operand:${zshAction(operands)}`];
  return `    ${name}) _arguments ${all.map((spec) => `\\\n      ${single(spec)}`).join(" ")} ;;`;
}

function zshAction(takes: Takes): string {
  return takes === "files" ? "_files" : takes.length === 0 ? " " : `(${takes.join(" ")})`;
}

function fishCommand({ name, flags, operands }: Completion): string[] {
  const base = `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}'`;
  const own = operands === "files" ? ["-F"] : operands.map((word) => `-a ${word}`);
  return [
    ...own.map((action) => `${base} ${action}`),
    ...flags.map(({ name: flag, help, takes }) => {
      const action = takes === null
        ? ""
        : takes === "files"
        ? " -r -F"
        : takes.length === 0
        ? " -x"
        : ` -x -a ${single(takes.join(" "))}`;
      return `${base} -l ${flag}${action} -d ${single(help)}`;
    }),
  ];
}

/** In single quotes, as all three shells read them. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const SHELL_NAMES = Object.keys(SHELLS);

/** `completions`: a script that lets a shell complete subcommands, flags and their values. */
export const completions: Command = {
  usage: "completions SHELL [flags]",
  operands: SHELL_NAMES,
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
  flags: [
    PLUGIN_FLAG,
    {
      name: "config",
      value: "FILE",
      help: "also complete the rules of this configuration's plugins",
    },
    { name: "help", value: null, help: "show this help" },
  ],
  examples: [
    ["completions bash > ~/.local/share/bash-completion/completions/gradient-health", "bash"],
    ["completions zsh > ~/.zfunc/_gradient-health", "zsh, with ~/.zfunc in fpath"],
    ["completions fish > ~/.config/fish/completions/gradient-health.fish", "fish"],
  ],
  permissions: [
    "--allow-read=FILE  the files of --plugin, --config and its plugins; not needed without them",
  ],
  async run(operands: string[], flags: FlagValues): Promise<number> {
    const [shell = "", ...more] = operands;
    const names = SHELL_NAMES;
    if (!Object.hasOwn(SHELLS, shell) || more.length > 0) {
      throw new UsageError(
        `completions takes one SHELL, ${names.slice(0, -1).join(", ")} or ${names.at(-1)}, found ${
          operands.length === 0 ? "none" : operands.slice(0, 3).map(showWord).join(" ")
        }${nearest(shell, names)}`,
      );
    }
    if (flags.plugin !== undefined || flags.config !== undefined) await loadSettings(flags);
    await writeOutput(SHELLS[shell](await describeAll()), null);
    return 0;
  },
};

/** What there is to complete, read off the table of subcommands. */
async function describeAll(): Promise<Completion[]> {
  return await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
      const { operands = [], flags } = await load();
      return { name, summary, operands: takesOf(operands), flags: flags.map(describe) };
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

function takesOf(operands: NonNullable<Command["operands"]>): Takes {
  if (operands === "file") return "files";
  return operands === "rule" ? [...gateRules(), ...MODEL_RULES].map(({ name }) => name) : operands;
}
