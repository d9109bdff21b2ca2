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
