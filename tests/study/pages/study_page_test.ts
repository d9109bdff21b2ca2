import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { PathData } from "../../../src/pages/markup.ts";
import { renderStudyImage } from "../../../src/study/pages/study_image.ts";
import { renderStudyPage } from "../../../src/study/pages/study_page.ts";
import { HOSTILE } from "../../networks/residual_report.ts";
import { type Sample, sampleStudy } from "../../networks/studies.ts";
import { every, requireSoundPage, textOf } from "../../pages/page_facts.ts";

const ALL = ["relu", "tanh", "sigmoid", "selu"];

Deno.test("renderStudyPage() answers first: verdict, table, sentences; then charts of each variant", async () => {
  const page = await renderStudyPage(sampleStudy({ activations: ["relu", "tanh"] }));
  await requireSoundPage(page);
  const text = textOf(page);
  assertMatch(text, /Healthy scales found for all 2 activations/);
  assertMatch(text, /relu 0\.316 \.\. 3\.16 1 /);
  assertStringIncludes(text, "tanh: healthy from 0.316 to 3.16");
  assertEquals(every(page, /<section id="([^"]+)"/g), [
    "scales",
    "variant-1",
    "variant-2",
    "study",
  ]);
  // Profiles of two figures; gradient, activation, delta ratio and saturated as heat maps.
  const [, , second] = page.split('<section id="variant-');
  assertEquals(second.match(/<figure class="profile">/g)?.length, 2);
  assertEquals(every(second, /data-title="([^"]+)"/g), [
    "mean |gradient|",
    "mean |activation|",
    "delta ratio",
    "saturated",
  ]);
});

Deno.test("renderStudyPage() names in its title the few variants without a healthy scale", async () => {
  const summary = sampleStudy({ activations: ALL });
  const titled = async (sick: number) => {
    const variants = summary.variants.map((variant, i) =>
      i < sick ? { ...variant, best: null, band: null } : variant
    );
    const page = await renderStudyPage({ ...summary, variants });
    return textOf(page.match(/<h1[^]*?<\/h1>/)![0]).trim();
  };
  assertEquals(await titled(1), "relu has no healthy scale; the other 3 activations do");
  assertEquals(
    await titled(3),
    "relu, tanh, sigmoid have no healthy scale; the other one does",
  );
});

Deno.test("renderStudyPage() says what it says of a variant without a healthy scale", async () => {
  const summary = sampleStudy();
  const sick = summary.variants.map((variant) => ({ ...variant, best: null, band: null }));
  const page = await renderStudyPage({ ...summary, variants: sick });
  assertMatch(textOf(page), /No scale tried is healthy/);
  assertMatch(textOf(page), /tanh: no healthy scale/);
  assertEquals(page.match(/class="top-scale"/g), null);
});

Deno.test("renderStudyPage() shows the smallest, the best and the largest scale without a script", async () => {
  const page = await renderStudyPage(sampleStudy({ scales: 7 }));
  for (const name of ["at lo", "at best", "at hi"]) {
    assertEquals(page.split(`<g class="${name}"`).length - 1, 2, name);
  }
  assertMatch(textOf(page), /smallest scale, 1\/1000 best scale, 1 largest scale, 1000/);
  assertStringIncludes(page, ".at.lo, .at.best, .at.hi { display: inline; }");
});

Deno.test("renderStudyPage() has each heat map and each scale in a table, too", async () => {
  const page = await renderStudyPage(sampleStudy({ scales: 7, layers: 4 }));
  const tables = every(page, /<table id="map\d-1">([^]*?)<\/table>/g);
  assertEquals(tables.length, 4);
  assertEquals(tables.map((table) => table.match(/<td>/g)?.length), [28, 28, 28, 28]);
  // Medians over the draws: 10 ** 2, times 1.1 of the middle one.
  assertMatch(textOf(tables[0]), /scale dense_1 dense_2 dense_3 dense_4 .* 10 1100 110 11 1\.1/);
  assertMatch(
    textOf(page),
    / 1 \(best\) healthy in 3 of 3 draws 1\.1 1\.05 to 1\.15 /,
  );
});

Deno.test("renderStudyPage() draws zeros, and what is no number, as marks", async () => {
  const page = await renderStudyPage(sampleStudy({ scales: 7 }));
  const [map] = every(page, /data-title="mean \|activation\|"([^]*?)<\/figure>/g);
  assertMatch(map, /<path class="nil-mark" d="m[^"]+"/);
  assertMatch(map, /<path class="nan-mark" d="m[^"]+"/);
});

Deno.test("renderStudyPage() has a phase diagram where there are several depths, and not for one", async () => {
  const deep = await renderStudyPage(
    sampleStudy({ depths: [3, 5, 9], activations: ["relu", "tanh"] }),
  );
  await requireSoundPage(deep);
  assertStringIncludes(deep, '<section id="phases"');
  const [, section] = deep.split('<section id="phases"');
  assertEquals(every(section, /<figcaption class="name"><bdi>(\w+)/g), ["relu", "tanh"]);
  assertMatch(textOf(section).slice(0, 500), / relu 3 5 9 depth /);
  assertEquals((await renderStudyPage(sampleStudy())).includes('id="phases"'), false);
});

Deno.test("renderStudyPage() stays small: 31 scales, 4 activations, 10 layers and 5 seeds in 400 kB", async () => {
  const sizes = await Promise.all([
    { scales: 31, layers: 10, seeds: 5, activations: ALL },
    { scales: 61, layers: 40, seeds: 2, activations: ALL },
    { scales: 400, layers: 20, seeds: 1, activations: ["tanh"] },
  ].map(async (sample) => (await renderStudyPage(sampleStudy(sample))).length));
  assert(sizes[0] <= 400_000, `${sizes[0]} characters`);
  assert(sizes[1] <= 1_200_000, `${sizes[1]} characters`);
  assert(sizes[2] <= 1_200_000, `${sizes[2]} characters`);
});

Deno.test("renderStudyPage() says what it leaves out of a large study, and keeps the best scale", async () => {
  const page = await renderStudyPage(
    sampleStudy({
      scales: 61,
      layers: 20,
      seeds: 1,
      activations: [...ALL, "elu", "softplus", "softsign", "swish"],
    }),
  );
  assertEquals(every(page, />(Shown: [^<]+)</g)[0], "Shown: 12 of 20 layers.");
  const huge = await renderStudyPage(sampleStudy({ scales: 1001, seeds: 1, layers: 14 }));
  const [shown] = every(huge, />(Shown: [^<]+)</g);
  assertEquals(shown, "Shown: 12 of 14 layers, 750 of 1001 scales.");
  assertEquals(huge.match(/1 \(best\)<td class="word">healthy in 1 of 1 draw</g)?.length, 1);
});

Deno.test("renderStudyPage() writes names from a file as text", async () => {
  const page = await renderStudyPage(sampleStudy({ names: HOSTILE, layers: HOSTILE.length }));
  await requireSoundPage(page);
  assertStringIncludes(page, "a\\u{202e}b\\x00\\n");
});

Deno.test("renderStudyPage() shows a study of one scale, one layer and one draw", async () => {
  const page = await renderStudyPage(sampleStudy({ scales: 2, layers: 1, seeds: 1 }));
  await requireSoundPage(page);
  const summary = sampleStudy({ scales: 2, layers: 1, seeds: 1 });
  const variants = summary.variants.map((variant) => ({
    ...variant,
    scales: variant.scales.slice(0, 1),
    best: null,
    band: null,
  }));
  await requireSoundPage(await renderStudyPage({ ...summary, variants }));
});

Deno.test("renderStudyPage() refuses what is no summary", async () => {
  await assertRejects(
    async () => await renderStudyPage({} as never),
    TypeError,
    "summary.header is undefined, expected",
  );
  const summary = sampleStudy({ scales: 2, layers: 1, seeds: 1 });
  const having = (over: object) => ({
    ...summary,
    variants: summary.variants.map((variant) => ({ ...variant, ...over })),
  });
  const refused = [
    [{ scales: [] }, "summary.variants[0].scales is an empty array, expected one scale or more"],
    [{ best: { scale: 1 } }, "summary.variants[0].best.draws is undefined"],
  ] as const;
  for (const [over, said] of refused) {
    await assertRejects(
      async () => await renderStudyPage(having(over) as never),
      TypeError,
      said,
    );
  }
});

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
