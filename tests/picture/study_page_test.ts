import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { renderStudyPage } from "../../src/picture/study_page.ts";
import { every, requireSoundPage, textOf } from "./page_facts.ts";
import { HOSTILE } from "../networks/residual_report.ts";
import { sampleStudy } from "../networks/studies.ts";

const ALL = ["relu", "tanh", "sigmoid", "selu"];

Deno.test("renderStudyPage() answers first: verdict, table, sentences; then charts of each variant", async () => {
  const page = await renderStudyPage(sampleStudy({ activations: ["relu", "tanh"] }));
  await requireSoundPage(page);
  const text = textOf(page);
  assertMatch(text, /Healthy scales found for all 2 activations/);
  assertMatch(text, /relu 0\.316 \.\. 3\.16 1 /);
  assertStringIncludes(text, "tanh: healthy from 0.316 to 3.16");
  assertEquals(every(page, /<section id="([^"]+)"/g), ["scales", "variant-1", "variant-2"]);
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
    { scales: 61, layers: 200, seeds: 2, activations: ALL },
    { scales: 400, layers: 100, seeds: 1, activations: ["tanh"] },
  ].map(async (sample) => (await renderStudyPage(sampleStudy(sample))).length));
  assert(sizes[0] <= 400_000, `${sizes[0]} characters`);
  assert(sizes[1] <= 1_200_000, `${sizes[1]} characters`);
  assert(sizes[2] <= 1_200_000, `${sizes[2]} characters`);
});

Deno.test("renderStudyPage() says what it leaves out of a large study, and keeps the best scale", async () => {
  const page = await renderStudyPage(
    sampleStudy({
      scales: 61,
      layers: 100,
      seeds: 1,
      activations: [...ALL, "elu", "softplus", "softsign", "swish"],
    }),
  );
  assertEquals(every(page, />(Shown: [^<]+)</g)[0], "Shown: 12 of 100 layers.");
  const huge = await renderStudyPage(sampleStudy({ scales: 1001, seeds: 1, layers: 30 }));
  const [shown] = every(huge, />(Shown: [^<]+)</g);
  assertEquals(shown, "Shown: 12 of 30 layers, 750 of 1001 scales.");
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
