import { wrapText } from "../../core/text/fit_text.ts";
import { anyOf } from "../../ground/words/show_value.ts";
import { COMMANDS, PROGRAM } from "../overview.ts";
import { type Command, usageOf } from "./command.ts";
import { type Access, type Flag, FLAG_GROUPS, flagName, type Permission } from "./flag.ts";

const WIDTH = 80;

/** Meanings of exit codes 0 and 1 for the subcommands that can fail. */
const VERDICTS: Record<string, readonly [good: string, bad: string]> = {
  check: ["the gate passed", "the gate failed"],
  fix: [
    "MODEL trains, and nothing is written, or its fixed copy does",
    "MODEL is sick, and there is no fixed copy, or one that needs more than weights",
  ],
  watch: ["nothing worse than a warning was found", "an error was found"],
};

/** Returns the meanings of a subcommand's exit codes. */
const exitCodes = (name: string): string[][] => [
  ["0", VERDICTS[name]?.[0] ?? "success"],
  ...name in VERDICTS ? [["1", VERDICTS[name][1]]] : [],
  ["2", "wrong usage or unusable input, explained in one sentence on stderr"],
];

/** Examples in a short help. */
const MAX_EXAMPLES_SHOWN = 4;

/**
 * Returns the help of one subcommand, in the order of a manual page.
 *
 * @param options `all`: also of a subcommand with many flags the whole. Otherwise its help is short:
 * the usual flags by group.
 */
export function renderHelp(name: string, command: Command, { all = false } = {}): string {
  const { operand, flags, sections = [], examples } = command;
  const isShort = !all && flags.help.value !== null;
  const description = command.description.split(/\n{2,}/);
  return [
    ...section("name", wrapText(`${name}: ${COMMANDS[name].summary}`, WIDTH, "  ", "    ")),
    ...section("usage", [`  ${PROGRAM} ${name} ${usageOf(operand)}`]),
    ...section("description", paragraphs(isShort ? description.slice(0, 1) : description)),
    ...isShort ? usualFlags(flags) : section(
      "flags",
      Object.entries(flags).flatMap(([key, flag]) => item(termOf(key, flag), flag.help)),
    ),
    ...isShort ? [] : sections.flatMap(([title, texts]) => section(title, paragraphs(texts))),
    ...section(
      "examples",
      exampleLines(isShort ? examples.slice(0, MAX_EXAMPLES_SHOWN) : examples),
    ),
    ...section("exit code", exitCodes(name).flatMap(([code, means]) => item(code, means))),
    ...isShort
      ? othersLine(name, flags)
      : section("permissions, instead of -A", permissionLines(permissionsOf(command))),
  ].join("\n");
}

const termOf = (key: string, { value }: Flag<unknown, unknown>) =>
  `--${flagName(key)}${value === null ? "" : ` ${value}`}`;

/** Returns a section for each group of flags, and what each flag does in a few words. */
function usualFlags(flags: Command["flags"]): string[] {
  return FLAG_GROUPS.flatMap((group) => {
    const own = Object.entries(flags).filter(([, flag]) => flag.group === group);
    if (own.length === 0) return [];
    // Details follow the first colon or semicolon of a flag's help.
    const lines = own.flatMap(([key, flag]) =>
      item(termOf(key, flag), flag.help.split(/[;:] /)[0])
    );
    return section(`flags: ${group}`, lines);
  });
}

function othersLine(name: string, flags: Command["flags"]): string[] {
  const others = Object.values(flags).filter(({ group }) => group === null).length;
  const text = `${PROGRAM} ${name} --help all lists ${others} other flags, what each flag means, ` +
    "and the permissions.";
  return [...wrapText(text, WIDTH), ""];
}

function exampleLines(examples: Command["examples"]): string[] {
  return examples.flatMap(([line, does]) => [
    ...shellLines(`  ${PROGRAM} ${line}`),
    ...wrapText(does, WIDTH, "      "),
  ]);
}

function permissionLines(permissions: readonly Permission[]): string[] {
  if (permissions.length === 0) return ["  none"];
  return permissions.flatMap(({ grant, purpose }) => [
    // Never wrapped, since users copy it.
    `  ${grant}`,
    ...wrapText(purpose, WIDTH, "      "),
  ]);
}

/** Splits a command line over two lines, as a shell reads them, if one is too narrow for it. */
function shellLines(line: string): string[] {
  if (line.length <= WIDTH) return [line];
  const pair = line.lastIndexOf(" ", line.lastIndexOf(" ") - 1);
  // A flag and its value stay together.
  const at = pair + 2 > WIDTH ? line.lastIndexOf(" --", pair - 1) : pair;
  return [`${line.slice(0, at)} \\`, `    ${line.slice(at + 1)}`];
}

function section(title: string, lines: string[]): string[] {
  return [title.toUpperCase(), ...lines, ""];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => [...index > 0 ? [""] : [], ...wrapText(text, WIDTH, "  ")]);
}

function item(term: string, text: string): string[] {
  return [`  ${term}`, ...wrapText(text, WIDTH, "      ")];
}

/** Permissions for the file of a flag. */
const ACCESS: Record<Access, { grant: string; purpose: (flags: string) => string }> = {
  read: { grant: "--allow-read=FILE", purpose: (flags) => `the FILE of ${flags}` },
  run: {
    grant: "--allow-read=FILE",
    purpose: (flags) =>
      `the module of ${flags}, which runs with these permissions and may need more`,
  },
  write: {
    // Deno requires that a file to be renamed is readable as well.
    grant: "--allow-read=FOLDER --allow-write=FOLDER",
    purpose: (flags) =>
      `the folder of ${flags} FILE, which is written under a temporary name and then renamed`,
  },
};

/** Returns the permissions that a subcommand needs: always, and for each of its flags. */
export function permissionsOf({ flags, permissions }: Command): Permission[] {
  const all = Object.entries(flags);
  const files = Object.entries(ACCESS).flatMap(([access, { grant, purpose }]) => {
    const names = all.filter(([, flag]) => flag.access === access)
      .map(([key]) => `--${flagName(key)}`);
    return names.length === 0 ? [] : [{ grant, purpose: purpose(anyOf(names)) }];
  });
  const needed = [...permissions, ...files, ...all.flatMap(([, flag]) => flag.permissions)];
  return [...Map.groupBy(needed, ({ grant }) => grant)].map(([grant, same]) => ({
    grant,
    purpose: same.map(({ purpose }) => purpose).join("; "),
  }));
}
