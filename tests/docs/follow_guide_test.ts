import { assertEquals, assertRejects } from "@std/assert";
import { followGuide } from "./follow_guide.ts";
import { anchors, fences } from "./markdown.ts";

/** A guide of blocks: what stands after the backticks, and the lines. */
const guide = (...blocks: [info: string, text: string][]) =>
  blocks.map(([info, text]) => `\`\`\`${info}\n${text}\n\`\`\`\n`).join("\ntext\n\n");

const follow = (...blocks: [info: string, text: string][]) =>
  followGuide("guide.md", guide(...blocks));

const refuses = (said: string, ...blocks: [info: string, text: string][]) =>
  assertRejects(() => follow(...blocks), Error, said);

Deno.test("followGuide() writes files, runs lines, and compares what they print", () =>
  follow(
    ["ts ignore", "// a/b.txt\n\none\ntwo\nthree"],
    ["sh", "cat \\\n  a/b.txt\nfalse # exits with 1"],
    ["", "one\n...\nthree"],
    ["", "two"],
    ["py ignore", "nonsense"],
  ));

Deno.test("followGuide() refuses what is not so", async () => {
  await refuses("shows a line that is not printed: b", ["sh", "echo a"], ["", "b"]);
  await refuses("shows a line that is not printed: a", ["sh", "echo a; echo b"], ["", "b\na"]);
  await refuses("guide.md:1: false", ["sh", "false"]);
  await refuses("guide.md:1: true # exits with 2", ["sh", "true # exits with 2"]);
  await refuses("an output, but nothing was run", ["", "a"]);
  await refuses("guide.md:1: a block that nothing holds to the program", ["yaml", "a: 1"]);
  await refuses("docs/illnesses/dead.ts", ["ts ignore", "// docs/illnesses/dead.ts\nchanged"]);
});

Deno.test("followGuide() starts with the deno.json of the README", () =>
  follow(["sh", "grep -c links deno.json"], ["", "1"]));

Deno.test("fences() tells language, file and line of a block", () => {
  assertEquals(fences("text\n\n```ts ignore\n// x/y_z.ts\n\na\n```\n\n```\n// no file\n```\n"), [
    { language: "ts", ignored: true, file: "x/y_z.ts", text: "a\n", line: 3 },
    { language: "", ignored: false, file: null, text: "// no file\n", line: 9 },
  ]);
});

Deno.test("anchors() are those of GitHub", () => {
  const headings = "# What `fix` does\n\n## 6. In CI\n\n```sh\n# no heading\n```\n\n### A_b, c-d\n";
  assertEquals(anchors(headings), ["what-fix-does", "6-in-ci", "a_b-c-d"]);
});
