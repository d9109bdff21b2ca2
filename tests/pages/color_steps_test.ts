import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERDICTS } from "../../src/core/diagnosis/diagnosis.ts";
import { PALETTE, paletteStyle } from "../../src/pages/color_steps.ts";
import { renderReportImage } from "../../src/pages/report_image.ts";
import { renderReportPage } from "../../src/pages/report_page.ts";
import { TONES, VERDICT_LOOKS } from "../../src/core/text/verdicts.ts";
import { reportOf, residualLayers } from "../networks/residual_report.ts";

/** Relative luminance of a colour, by WCAG 2. */
function luminance(color: string): number {
  const digits = color.length === 4 ? color.slice(1).replace(/./g, "$&$&") : color.slice(1);
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const share = parseInt(digits.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

Deno.test("contrast() is that of WCAG's own examples", () => {
  assertEquals(contrast("#000", "#fff"), 21);
  assert(Math.abs(contrast("#777777", "#ffffff") - 4.48) < 0.01);
});

Deno.test("PALETTE has verdicts, words and links with a contrast of 4.5, and bars of 3", () => {
  for (const scheme of ["light", "dark"] as const) {
    for (const paper of ["paper", "panel"]) {
      const least = (name: string, bound: number) => {
        const found = contrast(PALETTE[name][scheme], PALETTE[paper][scheme]);
        assert(found >= bound, `${name} on ${paper}, ${scheme}: ${found}`);
      };
      for (const name of [...Object.keys(TONES), "ink", "soft", "link"]) least(name, 4.5);
      least("data", 3);
    }
  }
});

Deno.test("TONES tell every verdict from the others", () => {
  const tones = VERDICTS.map((verdict) => VERDICT_LOOKS[verdict].tone);
  assertEquals(new Set(tones).size, VERDICTS.length);
  for (const scheme of ["light", "dark", "terminal"] as const) {
    assertEquals(new Set(tones.map((tone) => TONES[tone][scheme])).size, VERDICTS.length);
  }
});

Deno.test("paletteStyle() is the only source of colours in pages and images", async () => {
  const report = reportOf(residualLayers(3));
  for (const text of [await renderReportPage(report), await renderReportImage(report)]) {
    const selector = text.startsWith("<svg") ? ".gradient-health" : ":root";
    assertStringIncludes(text, paletteStyle(selector));
    assertStringIncludes(text, "prefers-color-scheme: dark");
    const rest = text.replace(paletteStyle(selector), "");
    assertEquals(rest.match(/(?:fill|color|stroke|background): #[0-9a-f]{3,6}/g), null);
  }
});
