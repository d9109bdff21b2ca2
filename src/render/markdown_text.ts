import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";

/**
 * Escapes everything in a plain text that Markdown or GitHub would interpret: a link, a mention, a
 * tag, the end of a cell.
 */
export function escapeText(text: string): string {
  return defuse(escapeControls(text)).replace(/\s+/g, " ")
    .replace(/[\\`*_<>[\]#|~&]/g, "\\$&")
    // An empty comment separates the sign from the name or issue number, so nothing is mentioned.
    .replace(/@|#(?=\d)/g, "$&<!-- -->")
    .replaceAll("://", ":/\\/").replace(/(www)\./gi, "$1\\.");
}

/** Escapes a separate line, whose beginning could make it a heading or a list. */
export function escapeLine(text: string): string {
  return escapeText(text).replace(/^( ?)([-+=])/, "$1\\$2").replace(/^( ?\d+)([.)])/, "$1\\$2");
}

/**
 * Formats code in a line or a table. Characters that could end the code or the cell are written as
 * HTML.
 */
export function code(text: string): string {
  const shown = escapeControls(text).trim();
  if (shown === "") return "";
  return /[`|\\]|##\[/.test(shown) ? codeInHtml(shown) : `\`${shown}\``;
}

/** Formats code in HTML. Numeric references hide Markdown's own signs, and `www.`, from it. */
export function codeInHtml(text: string): string {
  const escaped = escapeControls(text).replace(
    /[^\p{L}\p{N} .,/-]|(?<=www)\./giu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}

/**
 * Fences lines verbatim. The fence is longer than any run of backticks inside, since a layer may
 * have any name.
 */
export function fenced(lines: readonly string[], language: string): string[] {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = "`".repeat(Math.max(2, ...runs) + 1);
  return [`${fence}${language}`, ...lines, fence];
}

/** Folds lines away under a title in HTML. */
export function folded(title: string, lines: readonly string[]): string[] {
  const summary = `<summary>${title}</summary>`;
  return ["<details>", summary, "", ...fenced(lines, "text"), "", "</details>"];
}
