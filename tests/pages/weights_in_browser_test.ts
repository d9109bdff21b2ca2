import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser } from "playwright-core";
import { differenceOf } from "../../src/core/compare/difference.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { measureWeights } from "../../src/checkpoint/measure_checkpoint.ts";
import type { Measurements } from "../../src/core/measure/measurements.ts";
import { renderDifferencePage } from "../../src/pages/difference_page.ts";
import { renderReportPage } from "../../src/pages/report_page.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { blockLayers, fileOf } from "../networks/block_layers.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";
import { CHROMIUM, launch, type Look, violations, withPage } from "./browser.ts";

/** A checkpoint of 1,000 tensors, 12 kinds in 80 blocks among them, with a kernel that is too large. */
function checkpoint(rms: number): Measurements {
  const kinds = ["a", "b", "c"].map((kind, i) =>
    blockLayers(84, { block: i === 1 ? 37 : -1, rms }).map((layer) => ({
      ...layer,
      name: `${layer.name}_${kind}`,
      weights: layer.weights.map((one) => ({ ...one, name: one.name.replace("/", `_${kind}/`) })),
    }))
  );
  return fileOf(
    Array.from({ length: 84 }, (_, i) => kinds.map((kind) => kind.slice(2 * i, 2 * i + 2)))
      .flat(2),
  );
}

const report = (measurements: Measurements) => {
  const findings = runRules(measurements);
  return { measurements, findings, diagnosis: diagnose(measurements, findings) };
};
const runOf = (name: string, measurements: Measurements) => ({ name, ...report(measurements) });

const large = checkpoint(20);
const weights = await renderReportPage(report(large));
const small = await renderReportPage(report(fileOf(blockLayers(3))));
/** The same kind of file, with a NaN in block 5. */
const broken = await renderReportPage(report(fileOf(
  blockLayers(40, { block: 30, rms: 20 }).map((layer) => ({
    ...layer,
    weights: layer.weights.map((one) =>
      one.name === "model.layers.5.mlp.up/weight"
        ? { ...one, values: { ...one.values, nonFinite: 1 } }
        : one
    ),
  })),
)));
const networks = await renderDifferencePage(differenceOf(
  runOf("sick.ts", goldenMeasurements("seed_tanh_stddev_200")),
  runOf("healthy.ts", goldenMeasurements("seed_tanh_critical")),
));
const files = await renderDifferencePage(
  differenceOf(runOf("a.safetensors", checkpoint(0.5)), runOf("b.safetensors", large)),
);

/** A PyTorch module as it is drawn by default, but one kernel is 30 times as large. */
const drawn = measureWeights({
  path: "drawn.pt",
  format: "PyTorch",
  notes: [],
  tensors: [["up", 1], ["wide", 30], ["down", 1], ["norm", null]].map(([name, times], i) => {
    const shape = times === null ? [64] : [64, 64];
    const limit = Number(times ?? 1) / 8;
    const values = Float32Array.from(
      { length: times === null ? 64 : 4096 },
      (_, j) =>
        times === null ? 1 : limit * (2 * (((i + 1) * 7919 + j * 104729) % 65521) / 65521 - 1),
    );
    return { name: `${name}.weight`, shape, type: "float32" as const, read: () => values };
  }),
});
const wide = await renderReportPage(report(drawn));

const PAGES: Record<string, string> = {
  "weights as they are drawn, one kernel too large": wide,
  "a checkpoint of 1,000 tensors": weights,
  "weights without blocks": small,
  "weights with a NaN": broken,
  "two networks": networks,
  "two checkpoints": files,
};

/** Heights at which the first chart has to begin, by the width of the screen. */
const FIRST_CHART: [width: number, most: number][] = [[1280, 700], [390, 900]];

const LOOKS: Look[] = [
  { width: 390, scheme: "dark" },
  { width: 1280, scheme: "light" },
];

const STEPS: Record<string, (browser: Browser) => Promise<void>> = {
  "the figure of the tensor under the pointer is read out": (browser) =>
    withPage(browser, weights, async (page) => {
      const cell = page.locator(".blocks > svg rect.outlier").first();
      await cell.hover({ force: true });
      assertMatch(
        await page.locator(".blocks .read").textContent() ?? "",
        /^block 37, mlp\.up_b: 40$/,
      );
      await page.locator("h1").hover();
      assertEquals(await page.locator(".blocks .read").textContent(), "");
    }),
  "a NaN has the colour of errors and a key, and each outlined row is named": (browser) =>
    withPage(browser, broken, async (page) => {
      assertEquals(
        await page.evaluate(
          "[...document.querySelectorAll('.blocks .named')].map((one) => one.lastChild.data.slice(1, -1))",
        ),
        ["5", "30"],
      );
      assertEquals(
        await page.evaluate(
          "getComputedStyle(document.querySelector('.blocks .cells .nan')).stroke === " +
            "getComputedStyle(document.querySelector('.blocks .outlier')).stroke",
        ),
        true,
      );
      assertEquals(await page.locator(".blocks .key rect.nan").count(), 1);
      assertEquals(await page.locator(".blocks .key rect.nil").count(), 0);
    }),
  "the causes after the first are counted as the verdict does": (browser) =>
    withPage(browser, broken, async (page) => {
      assertEquals(await page.locator(".counts").textContent(), "2 causes");
      assertEquals(await page.locator("nav a").first().textContent(), "1 more cause");
    }),
  "the title says that only weights were judged, below the verdict": (browser) =>
    withPage(browser, small, async (page) => {
      const [title, judged] = await page.evaluate<{ y: number; height: number }[]>(
        "['h1', '.judged'].map((one) => document.querySelector(one).getBoundingClientRect().toJSON())",
      );
      assertMatch(
        await page.locator("h1").textContent() ?? "",
        /^No finding\s+weights only, 6 of \d+ rules$/,
      );
      assert(judged.y > title.y + 30 && judged.height < 40, JSON.stringify(judged));
    }),
  "a kernel that is too large has the long bar of the first chart, and each row has one": (
    browser,
  ) =>
    withPage(browser, wide, async (page) => {
      const rows = await page.evaluate<[string, string, number][]>(
        "[...document.querySelectorAll('.lead .bars tbody tr')].map((row) => " +
          "[row.querySelector('th').textContent, row.querySelector('.figure').textContent, " +
          "row.querySelector('.bar')?.getBoundingClientRect().width ?? 0])",
      );
      assertEquals(rows.map(([name]) => name), ["up", "wide", "down"]);
      assertEquals(rows.map(([, figure]) => figure), ["0.58", "17", "0.58"]);
      assert(rows[1][2] > 3 * rows[0][2], JSON.stringify(rows));
    }),
  "histograms of kernels have both signs, and the curve of the nearest initialiser": (browser) =>
    withPage(browser, wide, async (page) => {
      const shown = page.locator(".layers .hist");
      assertEquals(await shown.count(), 3);
      assertEquals(await shown.first().locator("text").allTextContents(), ["-0.13", "0", "0.13"]);
      assertEquals(await shown.locator("path.target").count(), 3);
      assertMatch(
        await shown.first().locator("figcaption").textContent() ?? "",
        /PyTorch's default 0\.072/,
      );
    }),
  "outliers come first, and are outlined": (browser) =>
    withPage(browser, weights, async (page) => {
      assertMatch(
        await page.locator("#outliers-1 tbody tr").first().textContent() ?? "",
        /^model\.layers\.37\.mlp\.up_b\/weight.error20/,
      );
      assertEquals(await page.locator(".blocks > svg rect.outlier").count(), 1);
    }),
};

Deno.test({
  name: "pages of weights and of differences are shown by a browser",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STEPS)) await test.step(name, () => step(browser));
      for (const [name, html] of Object.entries(PAGES)) {
        await test.step(`${name}: a chart on the first screen, nothing overflows or is amiss`, () =>
          withPage(browser, html, async (page) => {
            for (const [width, most] of FIRST_CHART) {
              await page.setViewportSize({ width, height: 900 });
              const box = await page.locator(".lead-chart").boundingBox();
              assert(box!.y < most, `${box!.y} px at ${width}`);
              assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
              // A section is empty if there is nothing below its heading.
              assertEquals(
                await page.evaluate(
                  "[...document.querySelectorAll('section')].filter((one) => one.innerText.split('\\n').length < 2).length",
                ),
                0,
              );
            }
            await page.evaluate(
              "document.querySelectorAll('details').forEach((one) => one.open = true)",
            );
            assertEquals(await violations(page, LOOKS), []);
          }));
      }
    } finally {
      await browser.close();
    }
  },
});
