import { escapeControls } from "../../src/ground/words/show_value.ts";
import type { Chance } from "./chance.ts";

const PIECES = [
  "dense_1",
  "dense_2",
  "conv2d",
  "encoder/block_1/",
  "層",
  "é",
  "e\u0301",
  "🇨🇭",
  "👩‍💻",
  "ｱﾞ",
  "\u001b[31m",
  "\u009b2J",
  "\u0000",
  "\u0007",
  "\u007f",
  "\t",
  "\r",
  "\n",
  "\r\n",
  "\u0085",
  "\u202e",
  "\u2066",
  "\u200b",
  "\u200f",
  "\u00ad",
  "\ufeff",
  "\u2028",
  "\u2029",
  "\u{e0041}",
  "\ud800",
  "\udfff",
  "\uffff",
  "\ufffe",
  "\u3164",
  "\ufe0f",
  "\u00a0",
  "\u3000",
  " ",
  "  ",
  "::error::x",
  "::",
  "##[add-mask]x",
  "%0A",
  "%0D",
  "%25",
  "::set-output name=a::b",
  "<b>",
  "</failure>",
  "]]>",
  "<!--",
  "-->",
  "&lt;",
  "&#10;",
  "<script>alert(1)</script>",
  "`",
  "```",
  "| ",
  "|",
  "\\",
  "\\|",
  "*",
  "_",
  "~~",
  "# ",
  "\n# ",
  "- ",
  "1. ",
  "> ",
  "---",
  "===",
  "[a](b)",
  "![a](b)",
  "@user",
  "#12",
  "https://a.b/c",
  "www.a.b",
  "a@b.ch",
  "$x$",
  "</details>",
  ",",
  ";",
  '"',
  '""',
  "'",
  "=1+1",
  "+",
  "-",
  "@",
  "=",
  "\n=",
  "\\n",
  "\\x1b",
  "\\u{202e}",
  "",
  "__proto__",
  "constructor",
  "0",
  "null",
  "..",
  "../..",
  "...",
  "x".repeat(70),
  "$&",
  "$1",
];

export function nameOf(chance: Chance): string {
  const name = chance.list(1, 4, () => chance.one(PIECES)).join("");
  return chance.happens(0.1) ? name.repeat(chance.integer(2, 9)) : name;
}

/** As a reader has it: the spaces of a line of text break it and may become one. */
const asRead = (text: string) => escapeControls(text).replace(/\s+/gu, " ").trim();

/** Different names, as readers see them; some differ in one place only. */
export function namesOf(chance: Chance): string[] {
  const found = new Map<string, string>();
  const least = chance.integer(1, 6);
  while (found.size < least) {
    const old = [...found.values()].at(-1);
    const name = old !== undefined && chance.happens(0.3)
      ? old.slice(0, old.length >> 1) + chance.one(PIECES) + old.slice(old.length >> 1)
      : nameOf(chance);
    if (!found.has(asRead(name))) found.set(asRead(name), name);
  }
  return [...found.values()];
}
