import { wrapText } from "../render/wrap_text.ts";
import type { Command } from "./command.ts";
import { COMMANDS, PROGRAM } from "./overview.ts";

const WIDTH = 80;

/** What a subcommand's exit codes mean; only a gate can fail. */
const exitCodes = (name: string): string[][] => [
  ["0", name === "check" ? "the gate passed" : "success"],
  ...(name === "check" ? [["1", "the gate failed"]] : []),
  ["2", "wrong usage or unusable input, explained in one sentence on stderr"],
];

/** The help of one subcommand, in the order of a manual page. */
export function renderHelp(command: Command): string {
  const { usage, description, flags, sections = [], examples, permissions } = command;
  const name = usage.split(" ")[0];
  return [
    ...section("name", wrapText(`${name}: ${COMMANDS[name].summary}`, WIDTH, "  ", "    ")),
    ...section("usage", [`  ${PROGRAM} ${usage}`]),
    ...section("description", paragraphs(description.split(/\n{2,}/))),
    ...section(
      "flags",
      flags.flatMap(({ name, value, help }) =>
        item(`--${name}${value === null ? "" : ` ${value}`}`, help)
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
      permissions.flatMap((text) => {
        const [flag, why = ""] = text.split(/ {2,}/);
        // Not broken, however long: it is copied whole.
        return [`  ${flag}`, ...wrapText(why, WIDTH, "      ")];
      }),
    ),
  ].join("\n");
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
