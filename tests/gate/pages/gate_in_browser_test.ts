import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser } from "playwright-core";
import { renderGatePage } from "../../../src/gate/pages/gate_page.ts";
import { reportOf, residualLayers } from "../../networks/residual_report.ts";
import { gateResult, gateRun } from "../text/sample_gate.ts";
import { CHROMIUM, launch, violations, withPage } from "../../pages/browser.ts";

const SCREENS: [width: number, height: number][] = [[1280, 900], [390, 844]];

const { measurements, findings, diagnosis } = reportOf(residualLayers(30));
const fine = { verdict: "healthy" as const, causes: [], notes: [] };
const healthy = Array.from({ length: 20 }, (_, i) => ({
  ...gateRun([], { measurements, diagnosis: fine, model: `models/healthy_${i + 1}.ts` }),
})).flatMap((run) => [0, 1, 2, 3, 4].map((seed) => ({ ...run, seed })));
const sick = {
  ...gateRun(findings, { measurements, diagnosis, model: "models/sick.ts" }),
  seed: 3,
};
const passed = await renderGatePage(gateResult(healthy));
const failed = await renderGatePage(gateResult([...healthy.slice(0, 30), sick]));

const STEPS: Record<string, (browser: Browser) => Promise<void>> = {
  "20 healthy models with 5 seeds each take at most three screens": async (browser) => {
    for (const [width, height] of SCREENS) {
      await withPage(browser, passed, async (page) => {
        const high = await page.evaluate("document.documentElement.scrollHeight") as number;
        assert(high <= 3 * height, `${high} px at ${width}`);
        assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
      }, { width });
    }
  },
  "the failed model is first, and open: its first cause, fix and chart are on the first screen":
    async (browser) => {
      for (const [width, height] of SCREENS) {
        await withPage(browser, failed, async (page) => {
          const first = page.locator("details.model").first();
          assertMatch(
            await first.locator("> summary").textContent() ?? "",
            /^SICKmodels\/sick\.ts/,
          );
          for (const shown of [".lead-cause", ".lead-said p:has-text('Fix:')", ".plot"]) {
            const { y } = (await first.locator(shown).first().boundingBox())!;
            assert(y < height, `${shown} at ${y} px of ${height}`);
          }
          assertEquals(await page.locator("details.model[open]").count(), 1);
          assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
        }, { width });
      }
    },
  "axe finds nothing amiss, folded and opened": (browser) =>
    withPage(browser, failed, async (page) => {
      assertEquals(await violations(page, [{ width: 390, scheme: "dark" }]), []);
      await page.locator("details.model > summary").first().click();
      assertEquals(await violations(page, [{ width: 1280 }]), []);
    }),
};

Deno.test({
  name: "renderGatePage() makes a page that a browser shows",
  ignore: CHROMIUM === null,
  async fn(test) {
    const browser = await launch();
    try {
      for (const [name, step] of Object.entries(STEPS)) await test.step(name, () => step(browser));
    } finally {
      await browser.close();
    }
  },
});
