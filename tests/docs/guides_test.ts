import { assertEquals } from "@std/assert";
import { followGuide } from "./follow_guide.ts";
import { documents, fences, readDocument, ROOT } from "./markdown.ts";

/** Documents about the project itself: its recipes are for those who change it. */
const NO_GUIDES = ["docs/architecture.md", "docs/decisions.md", "docs/recipes.md"];

for (const path of documents().filter((path) => /^docs\/[^/]+$/.test(path))) {
  if (NO_GUIDES.includes(path) || fences(readDocument(path)).length === 0) continue;
  Deno.test(`${path}: its commands run, and print what it shows`, () => followGuide(path));
}

Deno.test("docs/read_your_first_report.md shows each model of docs/illnesses, and its picture", () => {
  const guide = readDocument("docs/read_your_first_report.md");
  const shown = fences(guide).flatMap(({ file }) => file === null ? [] : [file]);
  const files = [...Deno.readDirSync(new URL("docs/illnesses", ROOT))].map(({ name }) => name);
  assertEquals(shown.toSorted(), files.map((name) => `docs/illnesses/${name}`).toSorted());
  const pictures = [...guide.matchAll(/\(pictures\/(\w+)\.svg\)/g)].map(([, name]) => `${name}.ts`);
  assertEquals(pictures.toSorted(), files.toSorted());
});

Deno.test("docs/gallery.md shows each picture of a page, none of them over 160 kB", () => {
  const folder = new URL("docs/pictures/pages/", ROOT);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".png"));
  const shown = [...readDocument("docs/gallery.md").matchAll(/\(pictures\/pages\/([\w.-]+)\)/g)];
  assertEquals(shown.map(([, name]) => name).toSorted(), files.toSorted());
  const hashes = JSON.parse(Deno.readTextFileSync(new URL("hashes.json", folder)));
  assertEquals(Object.keys(hashes).map((name) => `${name}.png`).toSorted(), files.toSorted());
  assertEquals(files.filter((name) => Deno.statSync(new URL(name, folder)).size > 160_000), []);
});
