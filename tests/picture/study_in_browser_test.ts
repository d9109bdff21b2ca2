import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { renderHistoryPage } from "../../src/picture/history_page.ts";
import { renderStudyPage } from "../../src/picture/study_page.ts";
import { CHROMIUM, launch, type Look, violations, withPage } from "./browser.ts";
import { HOSTILE } from "../networks/residual_report.ts";
import { sampleHistory, sampleStudy } from "../networks/studies.ts";

const PHONE = 390;
const study = await renderStudyPage(sampleStudy({ scales: 13, activations: ["tanh", "relu"] }));
const deep = await renderStudyPage(sampleStudy({ depths: [2, 4, 8] }));
const hostile = await renderStudyPage(sampleStudy({ names: HOSTILE, layers: HOSTILE.length }));
const history = await renderHistoryPage(sampleHistory());
const hostileHistory = await renderHistoryPage(sampleHistory(4, HOSTILE));

const said = (page: Page) => page.locator(".said").first().textContent();
const slider = (page: Page) => page.getByRole("slider").first();
/** The line of the first chart that the slider has chosen. */
const curve = (page: Page) =>
  page.locator(".at.on path:nth-last-child(2)").first().getAttribute("d");
const cursor = (page: Page) => page.locator(".heat .cursor").first().getAttribute("transform");

const STEPS: Record<string, (browser: Browser) => Promise<void>> = {
  "the keys move the slider, and the profile and the line in the maps go with it": (browser) =>
    withPage(browser, study, async (page) => {
      assertMatch(
        await said(page) ?? "",
        /^Scale 1 \(best\): healthy in 3 of 3 draws, delta ratio 1\.1,/,
      );
      const before = [await curve(page), await cursor(page)];
      await slider(page).focus();
      await page.keyboard.press("ArrowRight");
      assertMatch(await said(page) ?? "", /^Scale 3\.16: gradients explode in 3 of 3 draws/);
      assertEquals(await slider(page).getAttribute("aria-valuetext"), await said(page));
      assertNotEquals(await curve(page), before[0]);
      assertNotEquals(await cursor(page), before[1]);
      await page.keyboard.press("Home");
      assertMatch(await said(page) ?? "", /^Scale 1\/1000: /);
      await page.keyboard.press("End");
      assertMatch(await said(page) ?? "", /^Scale 1000: /);
      await page.getByRole("button", { name: "Best" }).first().click();
      assertEquals([await curve(page), await cursor(page)], before);
    }),
  "the mouse moves the slider, of its own variant alone": (browser) =>
    withPage(browser, study, async (page) => {
      const other = await page.locator(".said").nth(1).textContent();
      await slider(page).click({ position: { x: 3, y: 8 } });
      assertMatch(await said(page) ?? "", /^Scale 1\/1000: /);
      assertEquals(await page.locator(".said").nth(1).textContent(), other);
    }),
  "the pointer reads a heat map, and a click takes its scale": (browser) =>
    withPage(browser, study, async (page) => {
      const map = page.locator(".heat svg[data-row]").first();
      const { width, height } = (await map.boundingBox())!;
      await map.hover({ position: { x: width * 0.955, y: height / 2 } });
      assertMatch(
        await page.locator(".read").first().textContent() ?? "",
        /^dense_3 at 1000: 1100$/,
      );
      await map.click({ position: { x: width * 0.955, y: height / 2 } });
      assertMatch(await said(page) ?? "", /^Scale 1000: /);
    }),
  "two profiles are seen: the best, and that of the slider": (browser) =>
    withPage(browser, study, async (page) => {
      // A level line has no height, and so counts as hidden where boxes are asked for.
      const seen = () =>
        page.evaluate(
          `[...document.querySelector(".profile").querySelectorAll(".at")]
            .filter((one) => getComputedStyle(one).display !== "none").length`,
        );
      assertEquals(await seen(), 1);
      await slider(page).focus();
      await page.keyboard.press("ArrowLeft");
      assertEquals(await seen(), 2);
    }),
  "without JavaScript the smallest, the best and the largest scale are seen": (browser) =>
    withPage(browser, study, async (page) => {
      assertEquals(await page.locator(".profile").first().locator(".at:visible").count(), 3);
      assert(await page.locator("input[type=range]").first().isHidden());
      assert(await page.getByText("smallest scale, 1/1000").first().isVisible());
      await page.getByText("Table: scale by scale").first().click();
      assertEquals(
        await page.locator("table.scales").first().locator("tbody tr:visible").count(),
        13,
      );
    }, { script: false }),
  "names from a file widen nothing": async (browser) => {
    for (const html of [hostile, hostileHistory, deep, study, history]) {
      await withPage(browser, html, async (page) => {
        assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE);
      }, { width: PHONE });
    }
  },
};

const LOOKS: Look[] = [
  { width: PHONE, scheme: "light" },
  { width: PHONE, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
  { width: 794, media: "print" },
];

const JUDGED: [string, string, Look[]][] = [
  ["a study", study, LOOKS],
  ["several depths", deep, [LOOKS[1], LOOKS[2]]],
  ["hostile names", hostile, [LOOKS[0]]],
  ["a history", history, LOOKS],
];

Deno.test({
  name: "renderStudyPage() and renderHistoryPage() make pages that a browser shows",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STEPS)) await test.step(name, () => step(browser));
      for (const [name, html, looks] of JUDGED) {
        await test.step(`axe finds nothing amiss with ${name}`, () =>
          withPage(browser, html, async (page) => {
            await page.evaluate(
              "document.querySelectorAll('details').forEach((one) => one.open = true)",
            );
            for (const look of looks) assertEquals(await violations(page, look), []);
          }));
      }
    } finally {
      await browser.close();
    }
  },
});
