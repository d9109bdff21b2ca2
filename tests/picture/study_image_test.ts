import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { PathData } from "../../src/picture/path_data.ts";
import { renderStudyImage } from "../../src/picture/study_image.ts";
import { renderStudyPage } from "../../src/picture/study_page.ts";
import { HOSTILE } from "../networks/residual_report.ts";
import { type Sample, sampleStudy } from "../networks/studies.ts";

const imageOf = (sample: Sample) => {
  const image = renderStudyImage(sampleStudy(sample));
  assertEquals(XMLValidator.validate(image), true);
  return image;
};

const titlesOf = (image: string) =>
  [...image.matchAll(/class="title"[^>]*>([^<]*)</g)].map(([, title]) => title);

/** The paths of the cells of a drawing; those of the key are 12 high. */
const cellsIn = (markup: string) =>
  (markup.match(/<g class="cells"[^]*?<\/g>/g) ?? []).filter((one) =>
    !one.includes('stroke-width="12"')
  );

Deno.test("renderStudyImage() draws the heat maps of the page", async () => {
  const study = sampleStudy();
  const image = renderStudyImage(study);
  assertEquals(XMLValidator.validate(image), true);
  assertEquals(titlesOf(image), [
    "tanh: mean |gradient|, layer by scale",
    "tanh: mean |activation|, layer by scale",
  ]);
  const cells = cellsIn(image);
  assertEquals(cells.length, 2);
  assertEquals(cells, cellsIn(await renderStudyPage(study)).slice(0, 2));
  assertStringIncludes(image, "Healthy scales found");
});

Deno.test("renderStudyImage() draws the phase diagrams of the page where there are depths", async () => {
  const study = sampleStudy({ depths: [2, 4, 8], activations: ["tanh", "relu"] });
  const image = renderStudyImage(study);
  assertEquals(XMLValidator.validate(image), true);
  assertEquals(titlesOf(image), [
    "tanh: delta ratio, depth by scale",
    "relu: delta ratio, depth by scale",
  ]);
  const cells = cellsIn(image);
  assertEquals(cells.length, 2);
  assertEquals(cells, cellsIn(await renderStudyPage(study)).slice(0, 2));
  assertEquals(image.match(/class="theory-end" d="[^"]/g)!.length, 2 + 1);
});

Deno.test("renderStudyImage() shows the verdicts of several variants, and charts of four", () => {
  const activations = ["tanh", "relu", "selu", "elu", "sigmoid"];
  const image = imageOf({ activations });
  assertEquals(titlesOf(image).map((title) => title.split(":")[0]), activations.slice(0, 4));
  assertEquals(image.match(/class="verdicts"/g)!.length, 1);
  assert(!imageOf({}).includes('class="verdicts"'));
});

Deno.test("renderStudyImage() stays small, and escapes what a file has named", () => {
  for (const sample of [{ scales: 100, layers: 60 }, { depths: [2, 4, 6, 8, 10, 12, 14, 16] }]) {
    const { length } = imageOf(sample);
    assert(length < 120_000, `${length} characters`);
  }
  const image = imageOf({ names: HOSTILE, layers: HOSTILE.length });
  assert(!image.includes("<script"));
});

Deno.test("PathData lets no rounding add up, however many dots and dashes there are", () => {
  const path = new PathData();
  for (let i = 1; i <= 200; i++) {
    path.dot(i * 9.04, i * 0.04);
    path.dash(i * 9.04 + 1, i * 0.04, 3.04);
  }
  let x = 0;
  let y = 0;
  const far = [...path.text.matchAll(/m(-?[\d.]+) ?(-?[\d.]+)h(-?[\d.]+)/gi)].map(
    ([, across, down, length], i) => {
      [x, y] = [x + Number(across), y + Number(down)];
      const n = Math.floor(i / 2) + 1;
      const off = [x - n * 9.04 - i % 2, y - n * 0.04];
      x += Number(length);
      return Math.max(...off.map(Math.abs));
    },
  );
  assertEquals(far.length, 400);
  assert(Math.max(...far) < 0.051, `${Math.max(...far)}`);
});
