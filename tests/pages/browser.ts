import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of Chromium, or `null`. */
export const CHROMIUM = (Deno.env.get("PATH") ?? "").split(":")
  .flatMap((folder) => NAMES.map((name) => `${folder}/${name}`))
  .find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;

if (CHROMIUM === null) console.warn("no Chromium: pages are not opened in a browser");

/** Starts the browser that all tests of a file share. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--no-sandbox", "--disable-background-networking"],
  });
}

/** Settings of a look at a page. */
export interface Look {
  width?: number;
  scheme?: "light" | "dark";
  media?: "screen" | "print";
  script?: boolean;
}

/** Pages of a browser, with and without JavaScript: a new one takes three times as long as its use. */
const pages = new WeakMap<Browser, Map<boolean, Page>>();

async function pageOf(browser: Browser, script: boolean): Promise<Page> {
  const own = pages.get(browser) ?? new Map<boolean, Page>();
  pages.set(browser, own);
  const page = own.get(script) ??
    await (await browser.newContext({ javaScriptEnabled: script })).newPage();
  own.set(script, page);
  return page;
}

/** Opens a page from disk, and afterwards holds that it asked for nothing and complained of nothing. */
export async function withPage(
  browser: Browser,
  html: string,
  action: (page: Page) => Promise<void>,
  { width = 1280, script = true }: Look = {},
): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".html" });
  await Deno.writeTextFile(file, html);
  const page = await pageOf(browser, script);
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: null, media: null });
  // Otherwise what is under the pointer of the last test is hovered over from the start.
  await page.mouse.move(0, 0);
  const heard: string[] = [];
  page.on("console", (message) => heard.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => heard.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => heard.push(`request: ${request.url()}`));
  try {
    await page.goto(`file://${file}`);
    await action(page);
    assertEquals(heard, [`request: file://${file}`]);
  } finally {
    page.removeAllListeners();
    await page.goto("about:blank");
    await Deno.remove(file);
  }
}

/** Rules of axe that a colour scheme can break. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** Rows of a kind that axe judges in a table: it walks as many layers as there are, for half a minute. */
const MAX_ALIKE = 3;

/** Removes what axe does not judge, since it is hidden, and layers and rows that look like others. */
const REMOVE_ALIKE = `
  document.querySelectorAll("tr[hidden], article:nth-child(n+6)").forEach((one) => one.remove());
  for (const body of document.querySelectorAll("tbody")) {
    const seen = new Map();
    for (const row of [...body.rows]) {
      const look = (one) => one.localName + one.getAttribute("class") + one.getAttribute("style");
      const kind = [row, ...row.querySelectorAll("*")].map(look).join();
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (seen.get(kind) > ${MAX_ALIKE}) row.remove();
    }
  }
`;

/** Returns axe's findings in each of these looks. */
export async function violations(page: Page, looks: Look[]): Promise<string[]> {
  // The page allows no script but its own; the debugger may run one nevertheless.
  await page.evaluate(axe.source);
  await page.evaluate(REMOVE_ALIKE);
  const layouts = new Set<number>();
  const found: string[] = [];
  for (const { width = 1280, scheme = "light", media = "screen" } of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, media });
    // In a layout that axe has judged, another scheme changes only the colours; so does paper, on
    // which nothing is scrolled or clicked.
    const isJudged = layouts.has(width) || media === "print" && layouts.size > 0;
    found.push(...await judge(page, isJudged ? COLOUR_RULES : null));
    layouts.add(width);
  }
  return found;
}

/** Returns the findings of some of axe's rules, or of all. */
async function judge(page: Page, rules: string[] | null): Promise<string[]> {
  const options = { resultTypes: ["violations"], ...rules === null ? {} : { runOnly: rules } };
  const found = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`) as {
    passes: unknown[];
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  const expected = rules === null ? 20 : 0;
  assert(found.passes.length > expected, `axe looked at ${found.passes.length} matters`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) =>
      `${id}: ${html.slice(0, 160)} ${failureSummary}`
    )
  );
}
