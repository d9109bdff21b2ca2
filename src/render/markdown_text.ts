import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";

/**
 * Plain text in Markdown: everything that Markdown or GitHub would interpret (a link, a mention, a tag, the
 * end of a cell) is escaped.
 */
export function escapeText(text: string): string {
  return defuse(escapeControls(text)).replace(/\s+/g, " ")
    .replace(/[\\`*_<>[\]#|~&]/g, "\\$&")
    // A comment parts the sign from the name that would be mentioned, or the number of an issue.
    .replace(/@|#(?=\d)/g, "$&<!-- -->")
    .replaceAll("://", ":/\\/").replace(/(www)\./gi, "$1\\.");
}

/** A separate line, whose beginning could make it a heading or a list. */
export function escapeLine(text: string): string {
  return escapeText(text).replace(/^( ?)([-+=])/, "$1\\$2").replace(/^( ?\d+)([.)])/, "$1\\$2");
}

/** Code in a line or a table. What could end the code or the cell there is written as HTML. */
export function code(text: string): string {
  const shown = escapeControls(text).trim();
  if (shown === "") return "";
  return /[`|\\]|##\[/.test(shown) ? codeInHtml(shown) : `\`${shown}\``;
}

/** Code in HTML. Numeric references keep Markdown from seeing its own signs, and `www.` as a link. */
export function codeInHtml(text: string): string {
  const escaped = escapeControls(text).replace(
    /[^\p{L}\p{N} .,/-]|(?<=www)\./giu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}

/** Lines as they are: the fence is longer than any run of backticks inside it, since a layer may have any name. */
export function fenced(lines: readonly string[], language: string): string[] {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = "`".repeat(Math.max(2, ...runs) + 1);
  return [`${fence}${language}`, ...lines, fence];
}

/** Lines as they are, folded away under a title in HTML. */
export function folded(title: string, lines: readonly string[]): string[] {
  const summary = `<summary>${title}</summary>`;
  return ["<details>", summary, "", ...fenced(lines, "text"), "", "</details>"];
}
