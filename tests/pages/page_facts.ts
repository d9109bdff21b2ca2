import { assert, assertEquals } from "@std/assert";

/** Returns the text between tags. */
export const textOf = (page: string): string =>
  page.replace(/<(style|script)>[^]*?<\/\1>|<wbr>/g, "").replace(/<[^>]*>/g, " ").replace(
    /\s+/g,
    " ",
  );

/** The first group of every match. */
export const every = (page: string, pattern: RegExp): string[] =>
  [...page.matchAll(pattern)].map(([, one]) => one);

/** Holds what is true of every page: no request, one script, known by its hash, no name twice, no dead link. */
export async function requireSoundPage(page: string): Promise<void> {
  assert(page.startsWith("<!doctype html>\n") && page.endsWith("</html>\n"));
  assertEquals(page.match(/<script\b/g)?.length, 1);
  assertEquals(
    // A title shows a name, whatever is in it.
    page.replace(/ title="[^"]*"/g, "").match(
      /<(?:link|img|iframe|object|base)\b|<[^>]+\s(?:src|srcset)=|url\(|@import/g,
    ),
    null,
  );
  assertEquals(page.match(/\s(?:style|on\w+)="/g), null);
  assertEquals(page.match(/\bhref="[^#]/g), null);
  const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)![1];
  for (const name of ["style", "script"]) {
    const [, text] = page.match(new RegExp(`<${name}>([^]*?)</${name}>`))!;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
    assert(policy.replaceAll("&#39;", "'").includes(`${name}-src 'sha256-${hash}'`), name);
  }
  const ids = every(page, / id="([^"]+)"/g);
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(every(page, / href="#([^"]*)"/g).filter((target) => !ids.includes(target)), []);
  // Numbers that cannot be drawn would leave a hole, and no error.
  assertEquals(
    every(page, /<(?:path|rect|text)\b([^>]*)/g).filter((one) =>
      /NaN|undefined|Infinity/.test(one)
    ),
    [],
  );
}
