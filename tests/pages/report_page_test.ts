import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { Cause, Verdict } from "../../src/core/diagnosis/diagnosis.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { renderGatePage } from "../../src/gate/pages/gate_page.ts";
import { escapeMarkup, Markup, markup } from "../../src/pages/markup.ts";
import { renderPage } from "../../src/pages/page.ts";
import { renderReportPage } from "../../src/pages/report_page.ts";
import { layersInDetail } from "../../src/pages/show_layers.ts";
import { drawTimes } from "../../src/pages/table_of_layers.ts";
import { foldLayers, foldPlaces, type LayerFold } from "../../src/core/text/fold_layers.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";
import { HOSTILE, reportOf, residualLayers } from "../networks/residual_report.ts";
import { finding } from "../networks/sample.ts";
import { sampleCause, sampleWarning } from "../core/text/sample_causes.ts";
import { gateResult, gateRun } from "../gate/text/sample_gate.ts";
import { assertRefused } from "../assert_refused.ts";

const page = await renderPage({
  title: "</title><script>alert(1)</script>",
  header: markup`<h1>${"<b>"}</h1>`,
  sections: [
    { id: "one", title: "One & only", body: markup`<p>body</p>` },
    { id: "two", title: "Two", body: markup`<p>body</p>` },
  ],
});

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
};

Deno.test("markup() escapes texts, in lists too, and leaves markup as it is", () => {
  const { source } = markup`<p title="${'"&'}">${["<", new Markup("<b>"), 1, null]}</p>`;
  assertEquals(source, '<p title="&#34;&#38;">&#60;<b>1</p>');
  assertEquals(escapeMarkup("a'b"), "a&#39;b");
});

Deno.test("markup() takes a line break with its indentation for a line break", () => {
  assertEquals(
    markup`<p>
      a</p>`.source,
    "<p>\na</p>",
  );
});

Deno.test("renderPage() allows its own style and script by their hashes, and nothing else", async () => {
  const [, style] = page.match(/<style>([^]*?)<\/style>/)!;
  const [, script] = page.match(/<script>([^]*?)<\/script>/)!;
  const [, policy] = page.match(/Content-Security-Policy" content="([^"]*)"/)!;
  assertEquals(policy.replaceAll("&#39;", "'").split("; "), [
    "default-src 'none'",
    `style-src ${await sha256(style)}`,
    `script-src ${await sha256(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

Deno.test("renderPage() refers to nothing outside itself, and has one script", () => {
  assertEquals(page.match(/<script\b/g)?.length, 1);
  assertEquals(
    page.match(/<(?:link|img|iframe|object|base)\b|\b(?:src|srcset)=|url\(|@import/g),
    null,
  );
  assertEquals(page.match(/\bhref="[^#]/g), null);
  assertEquals(page.match(/\s(?:style|on\w+)="/g), null);
});

Deno.test("renderPage() says what it is, and leads to its sections", () => {
  assertMatch(page, /^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n/);
  assertStringIncludes(page, "<title>&#60;/title&#62;&#60;script&#62;alert(1)");
  assertStringIncludes(page, '<a href="#one">One &#38; only</a>');
  assertStringIncludes(page, '<section id="one"');
  assert(page.endsWith("</html>\n"));
});

const pageOf = (count: number, names?: string[]) =>
  renderReportPage(reportOf(residualLayers(count, names)));

/** Returns the text between tags. */
const textOf = (page: string) =>
  page.replace(/<(style|script)>[^]*?<\/\1>/g, "").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

const every = (page: string, pattern: RegExp) => [...page.matchAll(pattern)].map(([, one]) => one);

Deno.test("renderReportPage() shows verdict, causes, charts, map, table, findings and distributions", async () => {
  const page = await pageOf(3);
  const text = textOf(page);
  assertMatch(text, /SICK 2 causes Every entry of the input .* Fix: Check how/);
  // The second cause is in the first screen, too.
  const [lead] = page.match(/<div class="lead-said">[^]*?<\/div><div class="lead-chart">/)!;
  assertEquals(every(lead, /<b class="\w+">(Also):<\/b>/g), ["Also"]);
  assertEquals(page.match(/class="plot"/g)?.length, 2);
  // Before and after the activation, these layers have the same values: they are drawn once.
  assertEquals(page.match(/<figure class="hist"/g)?.length, 3 + 3 + 1);
  assertMatch(text, /dense_1 error Dense tanh 20 10 1e-9/);
  assertEquals(every(page, /<section id="(\w+)-?1?"/g), [
    "causes",
    "depth",
    "table",
    "distributions",
    "checked",
    "run",
  ]);
});

Deno.test("renderReportPage() colours the cell of the figure that is wrong", async () => {
  const page = await pageOf(3);
  const [, table] = page.match(/<table id="layers-1"([^]*?)<\/table>/)!;
  const wrong = every(table, /<td class="wrong (?:error|warning)">([^<]+)/g);
  assertEquals(wrong[0], "1e-9");
  // Each kernel has a bar for times its target.
  assertEquals(every(table, /<svg class="(times)/g).length, 2);
  // The sum has neither weights nor findings.
  const [, last] = table.match(/(<tr data-l="r1-3"[^]*?)<\/tr>/)!;
  assertEquals(last.match(/class="wrong/g), null);
});

Deno.test("drawTimes() draws a bar from 1 to the factor, up to 1000 either way", () => {
  const bar = (times: number) =>
    /class="bar error" x="(\d+)" y="2" width="(\d+)"/.exec(`${drawTimes(times, "error")!.source}`)!
      .slice(1).map(Number);
  assertEquals([10, 1000, 1e6].map(bar), [[24, 8], [24, 24], [24, 24]]);
  assertEquals([0.1, 0].map(bar), [[16, 8], [0, 24]]);
  assertEquals([drawTimes(null, ""), drawTimes(NaN, "")], [null, null]);
});

Deno.test("renderReportPage() has totals below the table", async () => {
  assertStringIncludes(
    textOf(await pageOf(3)),
    "4,021 parameters: 4,021 trainable, 0 frozen. 20 multiply-adds per example. 15.7 KiB of weights, " +
      "3.2 KiB of outputs for 32 examples.",
  );
});

Deno.test("renderReportPage() colours what a cause is about as the verdict, though its rule only warns", async () => {
  const measurements = goldenMeasurements("relu_dead_layer");
  const findings = runRules(measurements);
  const bias = findings.filter(({ rule }) => rule === "bias-init");
  assertEquals(bias.map(({ severity, layer }) => [severity, layer]), [["warning", "dense_3"]]);
  const page = await renderReportPage({
    measurements,
    findings,
    diagnosis: diagnose(measurements, findings),
  });
  assertStringIncludes(page, '<h1 class="verdict error">SICK');
  const [first] = page.match(/<div class="lead-chart">.*?<\/table>/s)!;
  assertStringIncludes(first, "rms of the bias");
  assertMatch(first, /<rect class="bar error"/);
  assertEquals(first.match(/class="[^"]*warning/), null);
});

Deno.test("renderReportPage() has the name of the file where nobody chose one for the model", async () => {
  const report = reportOf(residualLayers(3), "functional_2");
  const { model } = report.measurements;
  const titled = async (name: string) => {
    const measurements = {
      ...report.measurements,
      model: { ...model, name, source: "models/net.keras" },
    };
    const page = await renderReportPage({ ...report, measurements });
    return page.match(/<title>([^:]+)/)![1];
  };
  assertEquals(await titled("functional_2"), "net.keras");
  assertEquals(await titled("detector"), "detector");
});

Deno.test("renderReportPage() has a target for each of its links, and no name twice", async () => {
  for (const page of [await pageOf(3), await pageOf(9, HOSTILE), await pageOf(250)]) {
    const ids = every(page, / id="([^"]+)"/g);
    assertEquals(new Set(ids).size, ids.length);
    const targets = every(page, / href="#([^"]*)"/g);
    assert(targets.length > 20);
    assertEquals(targets.filter((target) => !ids.includes(target)), []);
  }
});

Deno.test("renderReportPage() links findings to layers, and layers to findings", async () => {
  const page = await pageOf(3);
  assertMatch(page, /<div class="finding is-error" id="r1-f1">[^]*?<a href="#r1-1"><bdi>dense_1</);
  assertMatch(page, /<article id="r1-1"[^]*?<a href="#r1-f\d+">/);
});

Deno.test("renderReportPage() writes names from a file as text", async () => {
  const page = await pageOf(9, HOSTILE);
  assertEquals(page.match(/<script\b/g)?.length, 1);
  assertEquals(page.match(/<img\b/g), null);
  assertStringIncludes(page, "<bdi>שכבה_ראשונה</bdi>");
  assertStringIncludes(page, "a\\u{202e}b\\x00\\n");
});

Deno.test("renderReportPage() has 40 kB of style and script, and at most 200 kB for a small network", async () => {
  const bytes = async (count: number) => new TextEncoder().encode(await pageOf(count)).length;
  assert(await bytes(0) <= 40_000, `${await bytes(0)}`);
  assert(await bytes(12) <= 200_000, `${await bytes(12)}`);
});

Deno.test("renderReportPage() stays small: 50 layers at most 400 kB, 3,000 at most 1.5 MB", async () => {
  const bytes = async (count: number) => new TextEncoder().encode(await pageOf(count)).length;
  assert(await bytes(50) <= 400_000);
  assert(await bytes(3000) <= 1_500_000);
});

Deno.test("renderReportPage() shows a network without layers, and one without exponents", async () => {
  assertStringIncludes(await renderReportPage(reportOf([])), "0 layers in the order");
  const layers = residualLayers(3).map((layer) => ({
    ...layer,
    preActivations: null,
    activations: null,
    preActivationGradients: null,
    weights: [],
  }));
  assertEquals((await renderReportPage(reportOf(layers))).match(/<figure class="hist"/g), null);
});

Deno.test("layersInDetail() names the worst of each fold, and of many folds those with findings first", () => {
  const layers = residualLayers(300);
  const folded = layersInDetail(foldLayers(layers), [finding("dense_91")], 50);
  assert(folded.size < 10 && folded.has("dense_91"), String([...folded]));
  const single = foldLayers(layers, { all: true });
  assertEquals(layersInDetail(single, [], 300).size, 300);
  const some = layersInDetail(single, [finding("dense_91")], 50);
  assertEquals(some.size, 50);
  assert(some.has("dense_91"));
});

Deno.test("renderReportPage() shows the distributions of each layer of a block that repeats, once", async () => {
  const layers = residualLayers(30);
  const folds = foldLayers(layers);
  const places = foldPlaces(folds);
  const classes = ({ blocks }: LayerFold) =>
    new Set(blocks.flat(2).map(({ className }) => className)).size;
  assert(folds.some((fold) => classes(fold) > 1) && places.every((fold) => classes(fold) === 1));
  const page = await renderReportPage(reportOf(layers));
  assertEquals(page.match(/<article /g)!.length, places.length);
  assertMatch(page, /<span class="about">\d layers alike<\/span>/);
});

/** Titles of the models of a gate's page, in order. */
const modelsIn = (page: string) => every(page, /<span class="model-name"><bdi>([^<]*)<\/bdi>/g);

Deno.test("renderGatePage() has a line for each model that opens to its report, with a strip of seeds", async () => {
  const { measurements, findings, diagnosis } = reportOf(residualLayers(6));
  const sick = gateRun(findings, { measurements, diagnosis, model: "sick" });
  const page = await renderGatePage(gateResult([
    sick,
    { ...sick, seed: 7 },
    { ...sick, model: "lost", measurements: null, diagnosis: undefined, error: "no such file" },
  ]));
  const text = textOf(page);
  assertStringIncludes(text, "2 models, 3 runs");
  assertMatch(text, /SICK sick ■ ■ Every entry of the input/);
  assertMatch(text, /not measured lost no such file/);
  assertMatch(page, /aria-label="seed \d+ sick, seed 7 sick"/);
  assertEquals(page.match(/<details class="model"/g)?.length, 2);
  const ids = every(page, / id="([^"]+)"/g);
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(every(page, / href="#([^"]*)"/g).filter((target) => !ids.includes(target)), []);
});

Deno.test("renderGatePage() names the models that fail, and those that are weak, on top", async () => {
  const run = (verdict: Verdict, model: string) => ({
    ...gateRun([], { diagnosis: { verdict, causes: [], notes: [] }, model }),
  });
  const page = await renderGatePage(gateResult([
    run("healthy", "good.ts"),
    run("weak", "feeble.ts"),
    run("sick", "ill.ts"),
  ]));
  const top = textOf(page.split('<section id="models"')[0]);
  assertMatch(top, /Failing: ill\.ts . Weak: feeble\.ts ./);
  assert(!top.includes("good.ts"));
  assertMatch(textOf(page), /HEALTHY good\.ts \d+ rules passed/);
});

Deno.test("renderGatePage() shows models that failed before those that warn, and healthy ones last", async () => {
  const run = (model: string, verdict: Verdict, causes: Cause[]) =>
    gateRun([], { model, diagnosis: { verdict, causes, notes: [] } });
  const page = await renderGatePage(gateResult([
    run("fine", "healthy", []),
    run("warned", "weak", [sampleWarning()]),
    run("moved", "changed", [sampleCause([finding("dense_1")], { kind: "baseline" })]),
    run("ill", "sick", [sampleCause([finding("dense_1")])]),
    gateRun([], { model: "gone", measurements: null, error: "gone" }),
  ]));
  assertEquals(modelsIn(page), ["gone", "ill", "moved", "warned", "fine"]);
  // The warning fails nothing, and what was not measured has nothing to open.
  assertStringIncludes(textOf(page), "Failing: gone , ill , moved .");
  assertEquals(every(page, /<details class="model" id="([^"]+)" open>/g), ["run-2"]);
});

Deno.test("renderGatePage() opens no model of several that pass, and shows backticks as code", async () => {
  const warned = gateRun([], {
    diagnosis: {
      verdict: "weak",
      causes: [{ ...sampleWarning(), message: "Two: `a<b` and `c`." }],
      notes: [],
    },
  });
  const page = await renderGatePage(gateResult([warned, { ...warned, model: "other" }]));
  assertEquals(every(page, /<details class="model" id="[^"]+"( open)>/g), []);
  assert(!textOf(page).includes("Failing"));
  assertStringIncludes(
    page,
    `<bdi>Two: <code>a&#60;b</code> and <code>c</code>.</bdi></span></summary>`,
  );
});

Deno.test("renderGatePage() shows the seeds of a model once, and shares its room among many models", async () => {
  const { measurements, findings, diagnosis } = reportOf(residualLayers(60));
  const run = gateRun(findings, { measurements, diagnosis });
  const seeds = Array.from({ length: 20 }, (_, seed) => ({ ...run, seed }));
  const one = await renderGatePage(gateResult(seeds));
  assertEquals(one.match(/<details class="model"/g)?.length, 1);
  const models = seeds.map((run, i) => ({ ...run, model: `model_${i}` }));
  const page = await renderGatePage(gateResult(models));
  assert(page.match(/<article /g)!.length <= 20 * 12);
  assert(page.length < 3e6);
});

Deno.test("renderReportPage() and renderGatePage() refuse what is no report and no result", () => {
  const report = reportOf(residualLayers(2));
  const broken = { ...report, diagnosis: { ...report.diagnosis, verdict: "fine" } };
  assertRefused(
    () => renderReportPage(broken as never),
    {
      place: "report.diagnosis.verdict",
      found: '"fine"',
      expected: '"sick", "changed", "weak", "unjudged" or "healthy"',
    },
  );
  assertRefused(
    () => renderReportPage(report, { scale: "cubic" as never }),
    { place: "options.scale", found: '"cubic"', expected: '"log" or "linear"' },
  );
  const result = gateResult([gateRun([])]);
  assertThrows(
    () => renderGatePage({} as never),
    TypeError,
    "result.passed is undefined, expected",
  );
  const runs = [{ ...result.runs[0], diagnosis: 5 }];
  assertRefused(
    () => renderGatePage({ ...result, runs } as never),
    { place: "result.runs[0].diagnosis", found: "5", expected: "an object" },
  );
});

Deno.test("renderReportPage() names the lines that call the layers of a PyTorch program", async () => {
  const plain = residualLayers(6);
  const layers = plain.map((layer, i) => ({
    ...layer,
    source: { module: layer.name, moduleClass: "Linear", file: "src/<net>.py", line: 10 + i },
  }));
  const page = await renderReportPage(reportOf(layers));
  assertStringIncludes(page, ">called in</th>");
  // In the table, over the histograms, and in the cause.
  assertMatch(page, /<td class="word spare">&#60;net&#62;\.py:15</);
  assertMatch(
    page,
    /<p class="small soft">Dense, tanh.*?; in <bdi>src\/&#60;net&#62;\.py:10<\/bdi>/,
  );
  assertMatch(page, /<p class="small"><bdi>In src\/&#60;net&#62;\.py:1\d/);
  assert(!page.includes("<net>"));
  assert(!(await renderReportPage(reportOf(plain))).includes("called in"));
});
