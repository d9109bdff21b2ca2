import { wrapText } from "../../render/fit_text.ts";
import { anyOf } from "../../words/show_value.ts";
import { COMMANDS, PROGRAM } from "../overview.ts";
import { type Command, usageOf } from "./command.ts";
import { type Access, flagName, type Permission } from "./flag.ts";

const WIDTH = 80;

/** Meanings of exit codes 0 and 1 for the subcommands that can fail. */
const VERDICTS: Record<string, readonly [good: string, bad: string]> = {
  check: ["the gate passed", "the gate failed"],
  fix: [
    "MODEL trains, and nothing is written, or its fixed copy does",
    "MODEL is sick, and there is no fixed copy, or one that needs more than weights",
  ],
};

/** Returns the meanings of a subcommand's exit codes. */
const exitCodes = (name: string): string[][] => [
  ["0", VERDICTS[name]?.[0] ?? "success"],
  ...name in VERDICTS ? [["1", VERDICTS[name][1]]] : [],
  ["2", "wrong usage or unusable input, explained in one sentence on stderr"],
];

/** Returns the help of one subcommand, in the order of a manual page. */
export function renderHelp(name: string, command: Command): string {
  const { operand, description, flags, sections = [], examples } = command;
  return [
    ...section("name", wrapText(`${name}: ${COMMANDS[name].summary}`, WIDTH, "  ", "    ")),
    ...section("usage", [`  ${PROGRAM} ${name} ${usageOf(operand)}`]),
    ...section("description", paragraphs(description.split(/\n{2,}/))),
    ...section(
      "flags",
      Object.entries(flags).flatMap(([key, { value, help }]) =>
        item(`--${flagName(key)}${value === null ? "" : ` ${value}`}`, help)
      ),
    ),
    ...sections.flatMap(([title, texts]) => section(title, paragraphs(texts))),
    ...section(
      "examples",
      examples.flatMap(([line, does]) => [
        ...shellLines(`  ${PROGRAM} ${line}`),
        ...wrapText(does, WIDTH, "      "),
      ]),
    ),
    ...section("exit code", exitCodes(name).flatMap(([code, means]) => item(code, means))),
    ...section("permissions, instead of -A", permissionLines(permissionsOf(command))),
  ].join("\n");
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
