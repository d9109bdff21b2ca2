import { wrapText } from "../render/wrap_text.ts";
import { type Command, usageOf } from "./command.ts";
import { flagName, type Permission } from "./flag.ts";
import { COMMANDS, PROGRAM } from "./overview.ts";
import { permissionsOf } from "./permissions_of.ts";

const WIDTH = 80;

/** What 0 and 1 mean as exit codes of the subcommands that can fail. */
const VERDICTS: Record<string, readonly [good: string, bad: string]> = {
  check: ["the gate passed", "the gate failed"],
  fix: [
    "MODEL is healthy, and nothing is written, or its cured copy is",
    "MODEL is not healthy, and there is no cured copy, or one that needs more than weights",
  ],
};

/** What a subcommand's exit codes mean. */
const exitCodes = (name: string): string[][] => [
  ["0", VERDICTS[name]?.[0] ?? "success"],
  ...name in VERDICTS ? [["1", VERDICTS[name][1]]] : [],
  ["2", "wrong usage or unusable input, explained in one sentence on stderr"],
];

/** The help of one subcommand, in the order of a manual page. */
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
    ...section(
      "permissions, instead of -A",
      permissionLines(permissionsOf(command)),
    ),
  ].join("\n");
}

function permissionLines(permissions: readonly Permission[]): string[] {
  if (permissions.length === 0) return ["  none"];
  return permissions.flatMap(({ grant, purpose }) => [
    // Not broken, however long: it is copied whole.
    `  ${grant}`,
    ...wrapText(purpose, WIDTH, "      "),
  ]);
}

/** A command line, on two lines where one is too narrow for it, as a shell reads them. */
function shellLines(line: string): string[] {
  if (line.length <= WIDTH) return [line];
  const at = line.lastIndexOf(" ", line.lastIndexOf(" ") - 1);
  return [`${line.slice(0, at)} \\`, `    ${line.slice(at + 1)}`];
}

function section(title: string, lines: string[]): string[] {
  return [title.toUpperCase(), ...lines, ""];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => [
    ...index > 0 ? [""] : [],
    ...wrapText(text, WIDTH, "  "),
  ]);
}

function item(term: string, text: string): string[] {
  return [`  ${term}`, ...wrapText(text, WIDTH, "      ")];
}
