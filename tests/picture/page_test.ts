import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { escapeMarkup, Markup, markup } from "../../src/picture/markup.ts";
import { renderPage } from "../../src/picture/page.ts";

const page = await renderPage({
  title: "</title><script>alert(1)</script>",
  header: markup`<h1>${"<b>"}</h1>`,
  sections: [
    { id: "one", title: "One & only", body: markup`<p>body</p>` },
    { id: "two", title: "Two", body: markup`<p>body</p>` },
  ],
});

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
};

Deno.test("markup() escapes texts, in lists too, and leaves markup as it is", () => {
  const { source } = markup`<p title="${'"&'}">${["<", new Markup("<b>"), 1, null]}</p>`;
  assertEquals(source, '<p title="&#34;&#38;">&#60;<b>1</p>');
  assertEquals(escapeMarkup("a'b"), "a&#39;b");
});

Deno.test("markup() takes a line break with its indentation for a line break", () => {
  assertEquals(
    markup`<p>
      a</p>`.source,
    "<p>\na</p>",
  );
});

Deno.test("renderPage() allows its own style and script by their hashes, and nothing else", async () => {
  const [, style] = page.match(/<style>([^]*?)<\/style>/)!;
  const [, script] = page.match(/<script>([^]*?)<\/script>/)!;
  const [, policy] = page.match(/Content-Security-Policy" content="([^"]*)"/)!;
  assertEquals(policy.replaceAll("&#39;", "'").split("; "), [
    "default-src 'none'",
    `style-src ${await sha256(style)}`,
    `script-src ${await sha256(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

Deno.test("renderPage() refers to nothing outside itself, and has one script", () => {
  assertEquals(page.match(/<script\b/g)?.length, 1);
  assertEquals(
    page.match(/<(?:link|img|iframe|object|base)\b|\b(?:src|srcset)=|url\(|@import/g),
    null,
  );
  assertEquals(page.match(/\bhref="[^#]/g), null);
  assertEquals(page.match(/\s(?:style|on\w+)="/g), null);
});

Deno.test("renderPage() says what it is, and leads to its sections", () => {
  assertMatch(page, /^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n/);
  assertStringIncludes(page, "<title>&#60;/title&#62;&#60;script&#62;alert(1)");
  assertStringIncludes(page, '<a href="#one">One &#38; only</a>');
  assertStringIncludes(page, '<section id="one"');
  assert(page.endsWith("</html>\n"));
});
