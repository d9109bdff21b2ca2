import { assertEquals } from "@std/assert";
import plugin, { styleFaultOf } from "../../lint/comment_style.ts";

const FAULTY: [comment: string, fault: string][] = [
  ["* What it holds.", 'starts with "What"'],
  ["* How often it is called.", 'starts with "How"'],
  ["* Whether it is trained.", 'starts with "Whether"'],
  ["*\n * Of a layer.", 'starts with "Of"'],
  ["* Number of files; so many are read.", 'says "so many"'],
  ["* Name; empty if it is no layer.", 'says "is no l"'],
  ["* Tensors that lie nowhere.", 'says "lie nowhere"'],
  ["* Draws the kernel anew.", 'says "anew"'],
];

for (const [comment, fault] of FAULTY) {
  Deno.test(`styleFaultOf() finds in ${JSON.stringify(comment)}: ${fault}`, () => {
    assertEquals(styleFaultOf(comment, true)?.startsWith(fault), true);
  });
}

const GOOD = [
  "* Returns what the file holds.",
  "* Number of layers; 0 if there is no layer.",
  "* True if the entry is no longer needed.",
  "*\n * Reads a file.\n *\n * ```ts\n * const a = 1; // so many\n * ```\n",
  "* Onedimensional, `is no b` in code.",
];

for (const comment of GOOD) {
  Deno.test(`styleFaultOf() accepts ${JSON.stringify(comment)}`, () => {
    assertEquals(styleFaultOf(comment, true), null);
  });
}

Deno.test("the plugin judges the first word of doc comments alone, in all files", () => {
  const lint = (source: string, file = "src/a.ts") =>
    Deno.lint.runPlugin(plugin, file, source).map(({ message }) => message);
  assertEquals(lint("/** What it is. */\nconst a = 1;").length, 1);
  assertEquals(lint("// What follows is a list.\nconst a = 1;"), []);
  assertEquals(lint("// so many\nconst a = 1;").length, 1);
  assertEquals(lint("/** What it is. */\nconst a = 1;", "tests/a.ts").length, 1);
});
