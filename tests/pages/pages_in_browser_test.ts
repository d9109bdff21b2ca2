import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { examine } from "../../src/core/diagnosis/examine/examine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../src/core/model/layers/exercise_model.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { renderGrowthPage } from "../../src/study/pages/growth_page.ts";
import { renderHistoryPage } from "../../src/training/pages/history_page.ts";
import { renderReportPage } from "../../src/pages/report_page.ts";
import { renderStudyPage } from "../../src/study/pages/study_page.ts";
import { growthSummary } from "../networks/growth.ts";
import { HOSTILE, reportOf, residualLayers } from "../networks/residual_report.ts";
import { sampleHistory, sampleStudy } from "../networks/studies.ts";
import { CHROMIUM, launch, type Look, violations, withPage } from "./browser.ts";

const PHONE = 390;
const small = await renderReportPage(reportOf(residualLayers(3)));
const large = await renderReportPage(reportOf(residualLayers(300)));
const sound = await renderReportPage({
  ...reportOf(residualLayers(9)),
  findings: [],
  diagnosis: { verdict: "healthy", causes: [], notes: [] },
});
const huge = await renderReportPage(reportOf(residualLayers(3000)));
const hostile = await renderReportPage(reportOf(residualLayers(9, HOSTILE), HOSTILE[0]));

/** Siblings whose fix is longer than a phone is wide. */
const growth = await renderGrowthPage({
  ...growthSummary(),
  fixes: {
    scalings: [],
    code: [{ layer: "hidden", words: "learning rate x width^-1", code: "a".repeat(90) }],
    level: "flat",
    steepest: 0.1,
  },
});

const shownRows = (page: Page) => page.locator(".layers-table tbody tr:visible").count();
const firstName = (page: Page) =>
  page.locator(".layers-table tbody tr:visible bdi").first().textContent();
const picked = (page: Page) => page.locator("#picked output").textContent();

const STEPS: Record<string, (browser: Browser) => Promise<void>> = {
  "a layer is selected in a chart, everywhere at once": (browser) =>
    withPage(browser, small, async (page) => {
      await page.locator(".plot").first().locator("tbody tr").nth(1).click();
      assertMatch(
        await picked(page) ?? "",
        /^dense_2: mean \|gradient\| 1e-6, .*output rms 1\.2, delta rms 1e-6$/,
      );
      // Two charts, the table, and its own section.
      assertEquals(await page.locator("[data-l=r1-2].on").count(), 2 + 1 + 1);
      await page.getByLabel("Next layer").click();
      assertMatch(await picked(page) ?? "", /^add_3: /);
      assertEquals(await page.locator("[data-l=r1-2].on").count(), 0);
      await page.getByLabel("Clear the selection").click();
      assert(await page.locator("#picked").isHidden());
    }),
  "the layer under the pointer is marked in charts and table": (browser) =>
    withPage(browser, large, async (page) => {
      const marked = page.locator(".hover");
      assertEquals(await marked.count(), 0);
      await page.locator(".layers-table tr.worst").first().hover();
      // The fold that has the layer in two charts, its row, and the hidden row of the layer itself.
      assertEquals(await marked.count(), 2 + 2 + 1);
      assertEquals(await page.locator(".bars tr.hover").count(), 2);
      await page.locator("h1").hover();
      assertEquals(await marked.count(), 0);
    }),
  "the keys go from layer to layer, and to the details": (browser) =>
    withPage(browser, large, async (page) => {
      await page.locator(".plot").nth(1).focus();
      for (const key of ["ArrowDown", "ArrowDown", "ArrowUp"]) await page.keyboard.press(key);
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
      assertMatch(page.url(), /#r1-\d+$/);
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
      // Its layers replace the worst of them.
      assertEquals(await shownRows(page), folded + 297 - 1);
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
      const gradient = page.getByRole("button", { name: "mean |gradient|", exact: true });
      const before = await firstName(page);
      await gradient.click();
      assertEquals(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
      assertEquals(await firstName(page), "dense_299");
      await gradient.click();
      assertEquals(await firstName(page), before);
      await gradient.click();
      assertEquals(await page.locator("th[aria-sort]").count(), 0);
    }),
  "the names of the table stay where its figures are scrolled": (browser) =>
    withPage(browser, small, async (page) => {
      const box = page.locator(".layers-table").locator("..");
      await page.evaluate(
        "((box) => { box.style.width = '300px'; box.scrollLeft = 200; })(document.querySelector('.layers-table').parentElement)",
      );
      const [edge, name, figure] = await Promise.all(
        [box, box.locator("tbody th").first(), box.locator("tbody td").first()]
          .map(async (one) => (await one.boundingBox())!.x),
      );
      assertEquals(name, edge);
      assert(figure < edge, `${figure}, not left of ${edge}`);
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
      assert(await page.locator("article").count() >= 3);
    }, { script: false }),
  "names from a file stay text, and widen nothing": (browser) =>
    withPage(browser, hostile, async (page) => {
      assertMatch(await page.title(), /^<script>/);
      for (const name of HOSTILE.slice(0, 5)) {
        assert(await page.locator("article bdi").getByText(name, { exact: true }).count() > 0);
      }
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE);
    }, { width: PHONE }),
  "on a phone the list of rules that passed is below the first chart": (browser) =>
    withPage(browser, sound, async (page) => {
      const [list, chart] = await Promise.all([
        page.locator(".lead .passed").boundingBox(),
        page.locator(".lead .plot").boundingBox(),
      ]);
      assert(chart!.y < 300 && list!.y > chart!.y + chart!.height, `${chart!.y}, ${list!.y}`);
    }, { width: PHONE }),
  "on a phone the table shows the figures of folded layers": (browser) =>
    withPage(browser, large, async (page) => {
      const cells = page.locator(".layers-table tr.worst").first().locator("td:visible");
      assertEquals(await cells.count(), 2);
      for (const cell of await cells.all()) {
        const { x, width } = (await cell.boundingBox())!;
        assert(x + width <= PHONE, `${x + width} px`);
      }
    }, { width: PHONE }),
  "3,000 layers stay usable": (browser) =>
    withPage(browser, huge, async (page) => {
      assert(await shownRows(page) < 30);
      assert(await page.locator("svg *").count() < 10_000);
      await page.getByLabel("Filter").fill("dense_2999");
      assertEquals(await shownRows(page), 1);
      await page.getByLabel("Filter").fill("");
      assertEquals(await violations(page, [{ width: 1280 }]), []);
    }),
};

const PEERS = "fixtures/files/peers";

/**
 * Names in the first chart of which a reader does not see the end, or on a wide screen all; each has
 * the whole name for the pointer.
 */
const CUT_NAMES = `[...document.querySelectorAll(".lead .bars tbody th")].filter((one) => {
  const head = one.querySelector(".head");
  const name = one.querySelector("bdi");
  const end = (one.querySelector(".tail") ?? name).getBoundingClientRect().right;
  const isCut = innerWidth > 1000 && head !== null && head.scrollWidth > head.clientWidth;
  return isCut || end > one.getBoundingClientRect().right || !one.title.startsWith(name.textContent.slice(0, 3));
}).map((one) => one.textContent)`;

/** Heights at which the first chart has to begin, by the width of the screen. */
const FIRST_CHART: [width: number, most: number][] = [[1280, 700], [PHONE, 900]];

/** Each width, each scheme and paper, once. */
const LOOKS: Look[] = [
  { width: PHONE, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 794, media: "print" },
];

/** Pages by what is special about them, and the looks that axe judges. */
const JUDGED: [string, string, Look[]][] = [
  ["3 layers", small, LOOKS],
  ["300 layers", large, [LOOKS[0]]],
  ["hostile names", hostile, [LOOKS[0], LOOKS[2]]],
];

/** Reports of real networks, by verdict, and which one if there are several. */
async function verdicts(): Promise<Record<string, string>> {
  await using engine = await startEngine();
  const pageOf = async (model: LayersModel) => {
    try {
      return await renderReportPage(await examine(model, randomBatch(model)));
    } finally {
      model.dispose();
    }
  };
  const { layers, sequential } = engine.tf;
  const linear = sequential({
    layers: [20, 20, 20].map((units) => layers.dense({ units, inputShape: [20] })),
  });
  linear.compile({ optimizer: "adam", loss: "meanSquaredError" });
  return {
    sick: await pageOf(exerciseModel()),
    weak: await pageOf(linear),
    healthy: await pageOf(exerciseModel({ std: 1 / Math.sqrt(20) })),
    "healthy ResNet": await pageOf((await loadModel(`${PEERS}/resnet.keras`)).model),
    "healthy transformer": await pageOf((await loadModel(`${PEERS}/transformer.keras`)).model),
  };
}

Deno.test({
  name: "renderReportPage() makes a page that a browser shows",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STEPS)) await test.step(name, () => step(browser));
      for (const [verdict, html] of Object.entries(await verdicts())) {
        await test.step(`a ${verdict} report has its first chart on the first screen`, () =>
          withPage(browser, html, async (page) => {
            for (const [width, most] of FIRST_CHART) {
              await page.setViewportSize({ width, height: 900 });
              const box = await page.locator(".plot").first().boundingBox();
              assert(box!.y < most, `${box!.y} px at ${width}`);
              assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
              const title = page.locator("h1");
              assertMatch(
                await title.textContent() ?? "",
                new RegExp(`^${verdict.split(" ")[0]}`, "i"),
              );
              const cut = await page.evaluate(
                "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.layers-table').parentElement)",
              );
              assert(width < 1280 || cut === 0, `${cut} px of the table are cut`);
              assertEquals(await page.evaluate(CUT_NAMES), []);
              assert((await title.boundingBox())!.y < 100);
            }
          }));
      }
      for (const [name, html, looks] of JUDGED) {
        await test.step(`axe finds nothing amiss with ${name}`, () =>
          withPage(browser, html, async (page) => {
            assertEquals(await violations(page, looks), []);
          }));
      }
    } finally {
      await browser.close();
    }
  },
});

const study = await renderStudyPage(sampleStudy({ scales: 13, activations: ["tanh", "relu"] }));
const deep = await renderStudyPage(sampleStudy({ depths: [2, 4, 8] }));
const hostileStudy = await renderStudyPage(sampleStudy({ names: HOSTILE, layers: HOSTILE.length }));
const history = await renderHistoryPage(sampleHistory());
const hostileHistory = await renderHistoryPage(sampleHistory(4, HOSTILE));

const said = (page: Page) => page.locator(".said").first().textContent();
const slider = (page: Page) => page.getByRole("slider").first();
/** The line of the first chart that the slider has chosen. */
const curve = (page: Page) =>
  page.locator(".at.on path:nth-last-child(2)").first().getAttribute("d");
const cursor = (page: Page) => page.locator(".heat .cursor").first().getAttribute("transform");

const STUDY_STEPS: Record<string, (browser: Browser) => Promise<void>> = {
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
  "siblings fit a phone, and their drawings can be read": (browser) =>
    withPage(browser, growth, async (page) => {
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE);
      const { width } = (await page.locator("svg.growth").first().boundingBox())!;
      assert(width >= 700, `${width} of 860 px, whose text has 12`);
    }, { width: PHONE }),
  "the verdict at every scale is whole on a phone, above everything else": (browser) =>
    withPage(browser, study, async (page) => {
      for (const strip of await page.locator(".strips .verdicts").all()) {
        const { x, y, width } = (await strip.boundingBox())!;
        assert(x >= 0 && x + width <= PHONE && y < 500, `${x} to ${x + width}, at ${y}`);
        assert((await strip.locator("rect.well").first().boundingBox())!.width > 1);
      }
    }, { width: PHONE }),
  "the first chart of every page begins on the first screen of a phone": async (browser) => {
    for (const html of [study, deep, history, growth, hostileHistory]) {
      await withPage(browser, html, async (page) => {
        const chart = page.locator(".lead-chart, .strips, svg.growth").first();
        const { y } = (await chart.boundingBox())!;
        assert(y < 900, `${y} px`);
      }, { width: PHONE });
    }
  },
  "names from a file widen nothing": async (browser) => {
    for (const html of [hostileStudy, hostileHistory, deep, study, history]) {
      await withPage(browser, html, async (page) => {
        assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE);
      }, { width: PHONE });
    }
  },
};

const JUDGED_STUDIES: [string, string, Look[]][] = [
  ["a study", study, LOOKS],
  ["several depths", deep, [LOOKS[0]]],
  ["hostile names", hostileStudy, [LOOKS[0]]],
  ["a history", history, LOOKS],
  ["siblings", growth, [LOOKS[0], LOOKS[1]]],
];

Deno.test({
  name: "renderStudyPage() and renderHistoryPage() make pages that a browser shows",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STUDY_STEPS)) {
        await test.step(name, () => step(browser));
      }
      for (const [name, html, looks] of JUDGED_STUDIES) {
        await test.step(`axe finds nothing amiss with ${name}`, () =>
          withPage(browser, html, async (page) => {
            await page.evaluate(
              "document.querySelectorAll('details').forEach((one) => one.open = true)",
            );
            assertEquals(await violations(page, looks), []);
          }));
      }
    } finally {
      await browser.close();
    }
  },
});
