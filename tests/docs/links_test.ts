import { assertEquals } from "@std/assert";
import { anchors, documents, prose, readDocument, ROOT } from "./markdown.ts";

/** The links of a document that leave the web alone: `path`, `path#anchor`, `#anchor`. */
function links(document: string): string[] {
  return [...prose(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Returns the fault of a link, or `null`. */
function complaint(from: string, link: string): string | null {
  const [path, anchor] = link.split("#");
  const target = new URL(path || from.split("/").at(-1)!, new URL(from, ROOT));
  try {
    if (Deno.statSync(target).isDirectory) return anchor === undefined ? null : "a folder";
  } catch {
    return "no such file";
  }
  if (anchor === undefined) return null;
  return anchors(Deno.readTextFileSync(target)).includes(anchor) ? null : "no such heading";
}

Deno.test("every link in a document leads to a file, and to a heading in it", () => {
  const broken = documents().flatMap((from) =>
    links(readDocument(from)).flatMap((link) => {
      const why = complaint(from, link);
      return why === null ? [] : [`${from}: ${link}: ${why}`];
    })
  );
  assertEquals(broken, []);
});

Deno.test("the complaint about a link says what is missing", () => {
  assertEquals(complaint("README.md", "docs/glossary.md#glossary"), null);
  assertEquals(complaint("docs/glossary.md", "#glossary"), null);
  assertEquals(complaint("README.md", "docs#glossary"), "a folder");
  assertEquals(complaint("README.md", "docs/glossary.md#no-such"), "no such heading");
  assertEquals(complaint("README.md", "docs/no_such.md"), "no such file");
  assertEquals(complaint("docs/glossary.md", "rules/"), null);
});

Deno.test("docs/README.md leads to every document in docs", () => {
  const listed = links(readDocument("docs/README.md")).map((link) => `docs/${link}`);
  const there = documents().filter((path) => /^docs\/[^/]+$/.test(path))
    .filter((path) => path !== "docs/README.md");
  assertEquals(there.filter((path) => !listed.includes(path)), []);
});
