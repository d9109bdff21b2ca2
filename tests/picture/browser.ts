import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Where Chromium is, or `null`. */
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

/** How a page is looked at. */
export interface Look {
  width?: number;
  scheme?: "light" | "dark";
  media?: "screen" | "print";
  script?: boolean;
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
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    javaScriptEnabled: script,
  });
  const page = await context.newPage();
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
    await context.close();
    await Deno.remove(file);
  }
}

/** What axe finds amiss. */
export async function violations(page: Page, look: Look): Promise<string[]> {
  const { width = 1280, scheme = "light", media = "screen" } = look;
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme, media });
  // The page allows no script but its own; the debugger may run one nevertheless.
  await page.evaluate(axe.source);
  // What is hidden axe does not judge, and layers are alike, but it walks thousands of them for half a minute.
  await page.evaluate(
    "document.querySelectorAll('tr[hidden], article:nth-child(n+6)').forEach((one) => one.remove())",
  );
  const found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })") as {
    passes: unknown[];
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  assert(found.passes.length > 20, `axe looked at ${found.passes.length} matters`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) =>
      `${id}: ${html.slice(0, 160)} ${failureSummary}`
    )
  );
}
