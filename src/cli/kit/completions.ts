import { PLUGIN_FLAG } from "../flags/measure_flags.ts";
import { loadSettings } from "../load_settings.ts";
import { type Command, type CommandEntry, defineCommand } from "./command.ts";
import { type Completed, file, type Flag, flagName, readWord } from "./flag.ts";
import { writeOutput } from "./write_output.ts";

/** Completions of one subcommand. */
interface Completion {
  name: string;
  summary: string;
  operands: Completed;
  flags: readonly (Flag<unknown, unknown> & { name: string })[];
}

const PROGRAM = "gradient-health";

/** Subcommand if the command line begins with the file of a model. */
const DEFAULT_COMMAND = "report";

/** Generators of completion scripts, by name of the shell. */
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
    # The file of a model is a first word, too.
    if [ -n "$cur" ]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
    return
  fi
  local command=\${COMP_WORDS[1]}
  case "$command" in
    ${commands.map(({ name }) => name).join("|")}) ;;
    *) command=${DEFAULT_COMMAND} ;;
  esac
  case "$command $prev" in
${commands.flatMap(bashValues).join("\n")}
  esac
  case "$command $cur" in
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
    _files
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(zshCommand).join("\n")}
  esac
}
# Called by the name of this file if fpath has it, else read by source.
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
      `complete -c ${PROGRAM} -n __fish_use_subcommand -F`,
      ...commands.map(({ name, summary }) =>
        `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d ${single(summary)}`
      ),
      ...commands.flatMap((command) => fishCommand(command, commands)),
      "",
    ].join("\n"),
};

function bashWords(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${words.join("\\n")}' -- "$cur"))`;
}

function bashComplete(takes: Completed): string {
  if (takes === "files") return `COMPREPLY=($(compgen -f -- "$cur"))`;
  return takes.length === 0 ? ":" : bashWords(takes);
}

function bashValues({ name, flags }: Completion): string[] {
  return flags.flatMap(({ name: flag, value, takes }) =>
    value === null ? [] : [`    "${name} --${flag}") ${bashComplete(takes)}; return ;;`]
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
    if (value === null) return `${once}--${name}${text}`;
    const label = value.replace(/[\\[\]:]/g, "\\$&");
    return `${once}--${name}=${text}:${label}:${zshAction(takes)}`;
  });
  const all = [...specs, `*:operand:${zshAction(operands)}`];
  const pattern = name === DEFAULT_COMMAND ? `${name}|*.*` : name;
  return `    ${pattern}) _arguments ${
    all.map((spec) => `\\\n      ${single(spec)}`).join(" ")
  } ;;`;
}

function zshAction(takes: Completed): string {
  if (takes === "files") return "_files";
  return takes.length === 0 ? " " : `(${takes.join(" ")})`;
}

function fishCommand(
  { name, flags, operands }: Completion,
  commands: readonly Completion[],
): string[] {
  const others = commands.map(({ name }) => name).filter((other) => other !== name).join(" ");
  const seen = name === DEFAULT_COMMAND
    ? `not __fish_use_subcommand; and not __fish_seen_subcommand_from ${others}`
    : `__fish_seen_subcommand_from ${name}`;
  const base = `complete -c ${PROGRAM} -n '${seen}'`;
  const own = operands === "files" ? ["-F"] : operands.map((word) => `-a ${word}`);
  return [
    ...own.map((action) => `${base} ${action}`),
    ...flags.map((flag) => `${base} -l ${flag.name}${fishAction(flag)} -d ${single(flag.help)}`),
  ];
}

/** Returns the options of `complete` for the value of a flag. */
function fishAction({ value, takes }: Completion["flags"][number]): string {
  if (value === null) return "";
  if (takes === "files") return " -r -F";
  return takes.length === 0 ? " -x" : ` -x -a ${single(takes.join(" "))}`;
}

/** Quotes a text with single quotes, as all three shells read them. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The subcommands by name. */
type Commands = Readonly<Record<string, CommandEntry>>;

/** Returns the subcommand `completions`, which completes these subcommands. */
export function completionsOf(commands: Commands): Command {
  return defineCommand({
    operand: { name: "SHELL", least: 1, most: 1, takes: Object.keys(SHELLS) },
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
    flags: {
      plugin: PLUGIN_FLAG,
      config: file("read", { help: "also complete the rules of this configuration's plugins" }),
    },
    examples: [
      ["completions bash > ~/.local/share/bash-completion/completions/gradient-health", "bash"],
      ["completions zsh > ~/.zfunc/_gradient-health", "zsh, with ~/.zfunc in fpath"],
      ["completions fish > ~/.config/fish/completions/gradient-health.fish", "fish"],
    ],
    permissions: [],
    async run([shell], { plugin, config }): Promise<number> {
      const name = readWord(shell, "SHELL", Object.keys(SHELLS));
      if (plugin.length > 0 || config !== null) await loadSettings({ plugin, config });
      await writeOutput(SHELLS[name](await describeAll(commands)), null);
      return 0;
    },
  });
}

/** Collects the completions from the table of subcommands. */
async function describeAll(commands: Commands): Promise<Completion[]> {
  return await Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const { operand, flags } = await load();
      return {
        name,
        summary,
        operands: typeof operand.takes === "function" ? operand.takes() : operand.takes,
        flags: Object.entries(flags).map(([key, flag]) => ({ name: flagName(key), ...flag })),
      };
    }),
  );
}
