import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { differenceOf } from "../../src/core/compare/difference.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import type { Measurements } from "../../src/core/measure/measurements.ts";
import { renderDifferencePage } from "../../src/pages/difference_page.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { blockLayers, fileOf } from "../networks/block_layers.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";
import { makeMeasurements } from "../networks/measurements.ts";
import { HOSTILE, residualLayers } from "../networks/residual_report.ts";
import { every, requireSoundPage, textOf } from "./page_facts.ts";

const runOf = (name: string, measurements: Measurements) => ({
  name,
  measurements,
  diagnosis: diagnose(measurements, runRules(measurements)),
});

const sick = runOf("sick.ts", goldenMeasurements("seed_tanh_stddev_200"));
const healthy = runOf("healthy.ts", goldenMeasurements("seed_tanh_critical"));

Deno.test("renderDifferencePage() begins with both verdicts, what moved and by how much", async () => {
  const page = await renderDifferencePage(differenceOf(sick, healthy));
  await requireSoundPage(page);
  const lead = textOf(page.match(/<div class="lead">[^]*?<nav/)![0]);
  assertMatch(
    lead,
    /A: sick\.ts , B: healthy\.ts SICK → HEALTHY The kernels of .* times smaller\./,
  );
  assertMatch(lead, /No longer: The kernels of /);
  const rows = every(page, /<tr>(<th scope="row">[^]*?)<\/tr>/g);
  assertMatch(
    textOf(rows.find((row) => row.includes("dense_2<"))!),
    /dense_2 ↓ 1\/\d+ ↑ 0 to 0\.\d+ /,
  );
  // Its kernel is as it was.
  assertMatch(textOf(rows.find((row) => row.includes("dense_1<"))!), /dense_1 = ↑ 0 to /);
  assertEquals(every(page, /<section id="([^"]+)"/g), ["bars", "moved", "runs"]);
});

Deno.test("renderDifferencePage() draws both runs, and colours what moved", async () => {
  const page = await renderDifferencePage(differenceOf(sick, healthy));
  const [, bars] = page.match(/<section id="bars"([^]*?)<\/section>/)!;
  assertEquals(every(bars, /<b>|<span><span class="spare">([^<]*)<\/span>/g).length, 3);
  assertEquals(every(bars, /figure(?: fix)?">([AB])<\/th>/g), ["A", "B", "A", "B", "A", "B"]);
  assertMatch(textOf(bars), /Before and after bar: A .*tick: B .* layer A/);
  // The gradients of the first are exactly 0, and moved.
  assertStringIncludes(bars.match(/<ul class="key">[^]*?<\/ul>/)![0], 'class="nothing changed"');
  const rows = every(bars, /(<tr data-l[^]*?<\/tr>)/g);
  assertEquals(rows.length, 11);
  const changed = rows.map((row) => row.match(/(?:bar|nothing) changed/g)?.length ?? 0);
  // The activations of the second were 1 and are: its tanh is saturated in both.
  assertEquals(changed.slice(1, 9), [2, ...Array(7).fill(3)]);
  // The kernel of the last layer did not move.
  assert(changed[10] < 3, String(changed));
  assertStringIncludes(textOf(bars), "moved by more than chance");
});

Deno.test("renderDifferencePage() tells what is better from what is worse, with a key", async () => {
  const tonesOf = async (difference: Parameters<typeof renderDifferencePage>[0]) => {
    const page = await renderDifferencePage(difference);
    const [, table] = page.match(/<table class="moved">([^]*?)<\/table>/)!;
    return {
      cells: new Set(every(table, /<td class="wrong (\w+)/g)),
      words: textOf(page),
    };
  };
  const better = await tonesOf(differenceOf(sick, healthy));
  assertEquals(better.cells, new Set(["changed", "healthy"]));
  assertStringIncludes(better.words, "better: wrong in A alone");
  assert(!better.words.includes("wrong in B alone"));
  const worse = await tonesOf(differenceOf(healthy, sick));
  assertEquals(worse.cells, new Set(["changed", "error"]));
  assertStringIncludes(worse.words, "worse: wrong in B alone");
});

Deno.test("renderDifferencePage() begins with the loss, or says that nothing matters", async () => {
  const lossy = (value: number, times: number) => {
    const { objective, ...rest } = healthy.measurements;
    const layers = rest.layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map((one) => ({
        ...one,
        values: { ...one.values, std: one.values.std * times },
      })),
    }));
    return {
      ...healthy,
      measurements: {
        ...rest,
        layers,
        objective: { ...objective, name: "meanSquaredError", value },
      },
    };
  };
  const lead = async (value: number, times: number) => {
    const page = await renderDifferencePage(differenceOf(lossy(2, 1), lossy(value, times)));
    return textOf(page.match(/<p class="lead-cause">[^]*?<\/p>/)![0]).trim();
  };
  assertEquals(await lead(0.5, 1), "The loss falls from 2 in A to 0.5 in B.");
  assertEquals(await lead(2.3, 1.9), "The loss rises from 2 in A to 2.3 in B.");
  assertMatch(
    await lead(2.1, 1.9),
    /^Nothing that matters moved: no figure by more than a factor of 1\.9\.$/,
  );
  assertMatch(await lead(2.1, 2.1), /^The kernels of .* are 2\.1 times larger\.$/);
});

Deno.test("renderDifferencePage() says that nothing moved, and still draws both", async () => {
  const page = await renderDifferencePage(differenceOf(healthy, { ...healthy, name: "again.ts" }));
  await requireSoundPage(page);
  assertMatch(textOf(page), /HEALTHY in both All figures are the same\./);
  assertEquals(page.match(/class="(?:bar|nothing) changed"/g), null);
  assertMatch(page, /<div class="lead-chart"><div class="compared">/);
  assertEquals(every(page, /<section id="([^"]+)"/g), ["runs"]);
});

Deno.test("renderDifferencePage() shows files of weights as a heat map of blocks, and what is wrong now", async () => {
  const before = runOf("a.safetensors", fileOf(blockLayers(40)));
  const after = runOf("b.safetensors", fileOf(blockLayers(40, { block: 7, rms: 50 })));
  const page = await renderDifferencePage(differenceOf(before, after));
  await requireSoundPage(page);
  assertMatch(
    textOf(page),
    /No finding → SICK The rms of model\.layers\.7\.mlp\.up[^.]*50[^]*The kernel of model\.layers\.7\.mlp\.up is 100 times larger/,
  );
  // The cause that made it worse is the headline, and is not said again below it.
  assertEquals(textOf(page).includes("New:"), false);
  assertMatch(textOf(page), /\(model\.layers\.\*\.mlp\.up[^)]*\)\. Fix: Compare /);
  assertStringIncludes(page, "<b>rms of each kernel, B over A</b>");
  const [, map] = page.match(/<figure class="blocks"([^]*?)<\/figure>/)!;
  assertEquals(every(map, /<th scope="col"><bdi>([^<]+)/g), ["attn.q", "mlp.up"]);
  assertEquals(map.match(/<path class="o9" d="[^"]*h207"/g)?.length, 1);
  assertEquals(
    map.match(/<rect class="outlier (?:error|warning)-line" x="[^"]*" y="[^"]*" width="2/g)?.length,
    1,
  );
  assertEquals(every(page, /<section id="([^"]+)"/g), ["moved", "causes", "runs"]);
});

Deno.test("renderDifferencePage() writes names from a file as text, and says what only one has", async () => {
  const before = runOf(HOSTILE[0], makeMeasurements([], { layers: residualLayers(9, HOSTILE) }));
  const after = runOf(HOSTILE[1], makeMeasurements([], { layers: residualLayers(12, HOSTILE) }));
  const page = await renderDifferencePage(differenceOf(before, after));
  await requireSoundPage(page);
  assertMatch(textOf(page), /Only in B/);
});
