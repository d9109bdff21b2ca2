import { assertEquals } from "@std/assert";
import { wrapText } from "../../src/render/fit_text.ts";

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

Deno.test("wrapText() breaks at no no-break space, and not before a percent sign", () => {
  assertEquals(wrapText("is\u00a01e-4, is\u00a01", 9), ["is 1e-4,", "is 1"]);
  assertEquals(wrapText("up to 50 % off", 9), ["up to", "50 % off"]);
  assertEquals(wrapText("that % is", 6), ["that %", "is"]);
});
