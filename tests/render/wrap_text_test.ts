import { assertEquals } from "@std/assert";
import { wrapText } from "../../src/render/wrap_text.ts";

Deno.test("wrapText() breaks between words at the width and not before", () => {
  assertEquals(wrapText("one two three", 7), ["one two", "three"]);
  assertEquals(wrapText("one two three", 6), ["one", "two", "three"]);
});

Deno.test("wrapText() begins the first line and the others as told", () => {
  assertEquals(wrapText("one two three", 9, "- ", "  "), ["- one two", "  three"]);
});

Deno.test("wrapText() breaks a word that is longer than a line", () => {
  assertEquals(wrapText("x abcdefg", 5, " "), [" x", " abcd", " efg"]);
});

Deno.test("wrapText() counts wide characters as two columns", () => {
  assertEquals(wrapText("層層 層層", 8), ["層層", "層層"]);
  assertEquals(wrapText("層層 層層", 9), ["層層 層層"]);
});
