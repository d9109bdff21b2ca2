import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { renderReportPage } from "../../src/picture/report_page.ts";
import { CHROMIUM, launch, type Look, violations, withPage } from "./browser.ts";
import { HOSTILE, reportOf, residualLayers } from "../networks/residual_report.ts";

const PHONE = 390;
const small = await renderReportPage(reportOf(residualLayers(3)));
const large = await renderReportPage(reportOf(residualLayers(300)));
const huge = await renderReportPage(reportOf(residualLayers(3000)));
const hostile = await renderReportPage(reportOf(residualLayers(9, HOSTILE), HOSTILE[0]));

const shownRows = (page: Page) => page.locator("tbody tr:visible").count();
const firstName = (page: Page) => page.locator("tbody tr:visible bdi").first().textContent();
const picked = (page: Page) => page.locator("#picked output").textContent();

const STEPS: Record<string, (browser: Browser) => Promise<void>> = {
  "a layer is selected in a chart, everywhere at once": (browser) =>
    withPage(browser, small, async (page) => {
      await page.locator(".plot").first().locator("circle").nth(1).click();
      assertMatch(
        await picked(page) ?? "",
        /^dense_2: gradient 1e-6, activation 1\.2, delta 1e-6$/,
      );
      assertEquals(await page.locator("[data-l=r1-2].on").count(), 1 + 3 + 1 + 1);
      await page.getByLabel("Next layer").click();
      assertMatch(await picked(page) ?? "", /^add_3: /);
      assertEquals(await page.locator("[data-l=r1-2].on").count(), 0);
      await page.getByLabel("Clear the selection").click();
      assert(await page.locator("#picked").isHidden());
    }),
  "the keys go from layer to layer, and to the details": (browser) =>
    withPage(browser, large, async (page) => {
      await page.locator(".plot").nth(1).focus();
      for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) await page.keyboard.press(key);
      const first = await picked(page);
      await page.keyboard.press("End");
      assertNotEquals(await picked(page), first);
      await page.keyboard.press("Home");
      assertEquals(await picked(page), first);
      // The page hears of its new address some time after it has it.
      await page.evaluate(
        "hashed = new Promise((hear) => addEventListener('hashchange', () => hear(true))); 0",
      );
      await page.keyboard.press("Enter");
      assert(await page.evaluate("hashed"));
      assertMatch(page.url(), /#r1-[12]$/);
      await page.keyboard.press("Escape");
      await page.locator("#picked").waitFor({ state: "hidden" });
    }),
  "a link to a layer selects it": (browser) =>
    withPage(browser, small, async (page) => {
      await page.locator("#table-1 tbody a").nth(2).click();
      assertMatch(page.url(), /#r1-3$/);
      await page.locator("article#r1-3.on").waitFor();
      assertMatch(await picked(page) ?? "", /^add_3: /);
    }),
  "the table unfolds, filters and sorts": (browser) =>
    withPage(browser, large, async (page) => {
      const folded = await shownRows(page);
      assert(folded < 10, `${folded} rows`);
      await page.locator(".fold").first().click();
      assertEquals(await shownRows(page), folded + 297);
      await page.locator(".fold").first().click();
      await page.getByLabel("Filter").fill("dense_29");
      assertEquals(await shownRows(page), 8);
      assertEquals(await page.locator(".tools output").textContent(), "8 of 300 layers");
      await page.locator(".tools select").selectOption("error");
      await page.getByLabel("Filter").fill("add_3");
      assertEquals(await shownRows(page), 0);
      await page.getByLabel("Filter").fill("");
      await page.locator(".tools select").selectOption("all");
      assertEquals(await shownRows(page), folded);
      const gradient = page.getByRole("button", { name: "gradient", exact: true });
      const before = await firstName(page);
      await gradient.click();
      assertEquals(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
      assertEquals(await firstName(page), "dense_299");
      await gradient.click();
      assertEquals(await firstName(page), before);
      await gradient.click();
      assertEquals(await page.locator("th[aria-sort]").count(), 0);
    }),
  "the code of a fix is copied, or else selected": (browser) =>
    withPage(browser, small, async (page) => {
      await page.locator("[data-copy]").first().click();
      await page.getByRole("button", { name: /^(Copied|Selected)$/ }).waitFor();
    }),
  "without JavaScript everything is there": (browser) =>
    withPage(browser, large, async (page) => {
      assert(await shownRows(page) >= 300);
      assert(await page.locator(".tools, .fold, [data-copy], #picked").first().isHidden());
      assertEquals(await page.locator("article").count(), 200);
    }, { script: false }),
  "names from a file stay text, and widen nothing": (browser) =>
    withPage(browser, hostile, async (page) => {
      assertMatch(await page.title(), /^<script>/);
      for (const name of HOSTILE.slice(0, 5)) {
        assert(await page.locator("article bdi").getByText(name, { exact: true }).count() > 0);
      }
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE);
    }, { width: PHONE }),
  "3,000 layers stay usable": (browser) =>
    withPage(browser, huge, async (page) => {
      assert(await shownRows(page) < 30);
      assert(await page.locator("svg *").count() < 10_000);
      await page.getByLabel("Filter").fill("dense_2999");
      assertEquals(await shownRows(page), 1);
    }),
};

const LOOKS: Look[] = [
  { width: PHONE, scheme: "light" },
  { width: PHONE, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
  { width: 794, media: "print" },
];

/** Pages by what is special about them, and the looks that axe judges; one of thousands takes it seconds. */
const JUDGED: [string, string, Look[]][] = [
  ["3 layers", small, LOOKS],
  ["300 layers", large, [LOOKS[1]]],
  ["3,000 layers", huge, [LOOKS[2]]],
  ["hostile names", hostile, [LOOKS[0], LOOKS[4]]],
];

Deno.test({
  name: "renderReportPage() makes a page that a browser shows",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STEPS)) await test.step(name, () => step(browser));
      for (const [name, html, looks] of JUDGED) {
        await test.step(`axe finds nothing amiss with ${name}`, () =>
          withPage(browser, html, async (page) => {
            for (const look of looks) assertEquals(await violations(page, look), []);
          }));
      }
    } finally {
      await browser.close();
    }
  },
});
