import { assertEquals } from "@std/assert";
import { writeJson } from "../../../src/ground/words/document.ts";

Deno.test("writeJson() spells what is invisible, so that the same is read back", () => {
  const value = { "a\u009b": ["\u202e\x1b\n", "\u{e0041}\ufeff\u2028", "##[error]", "é 🙂"] };
  const text = writeJson(value, undefined, 2);
  assertEquals(
    text,
    `{
  "a\\u009b": [
    "\\u202e\\u001b\\n",
    "\\udb40\\udc41\\ufeff\\u2028",
    "##\\u005berror]",
    "é 🙂"
  ]
}`,
  );
  assertEquals(JSON.parse(text), value);
});

Deno.test("writeJson() replaces as JSON.stringify does, in one line where nothing is said", () => {
  assertEquals(writeJson([1, "a"], (_, value) => value === 1 ? "one" : value), '["one","a"]');
});
