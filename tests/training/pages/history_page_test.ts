import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { renderHistoryImage } from "../../../src/notebook/cell.ts";
import { renderHistoryPage } from "../../../src/training/pages/history_page.ts";
import { every, requireSoundPage, textOf } from "../../pages/page_facts.ts";
import { HOSTILE } from "../../networks/residual_report.ts";
import { finding } from "../../networks/sample.ts";
import { sampleHistory } from "../../networks/studies.ts";
import { sampleCause } from "../../core/text/sample_causes.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

Deno.test("renderHistoryPage() names the cause, and marks the step at which it was found in every chart", async () => {
  const page = await renderHistoryPage(sampleHistory());
  await requireSoundPage(page);
  const text = textOf(page);
  assertMatch(text, /SICK found at step 40 The learning rate/);
  assertStringIncludes(text, "The learning rate of 50 is too large.");
  assertStringIncludes(text, "Fix: Lower it to about 0.1.");
  const charts = page.split("<figure").slice(1);
  assertEquals(charts.length, 3 + 4);
  const marks = charts.map((chart) => chart.match(/class="found error-line" d="M([\d.]+) /)?.[1]);
  // Five columns between 92 and 544: the middle of the last.
  assertEquals(new Set(marks), new Set(["498.8"]));
  assertMatch(text, / 40 2 NaN 1e5 4 1 0 found here /);
});

Deno.test("renderHistoryPage() has no cause to mark in a training that goes well", async () => {
  const page = await renderHistoryPage(sampleHistory().slice(0, 4));
  await requireSoundPage(page);
  assertMatch(
    textOf(page),
    /HEALTHY No problems found\. The loss falls from \S+ to \S+ in 30 steps\./,
  );
  assertEquals(page.match(/class="found/g), null);
  // One piece, however many measurements.
  assertEquals(every(page, /<rect class="(well|alert|warn)" x=/g), ["well"]);
  assertEquals(every(page, /<section id="([^"]+)"/g), ["steps", "layers", "table", "run"]);
});

Deno.test("renderHistoryPage() is not green if nothing was learned, and names the rate", async () => {
  await using engine = await startEngine();
  const objective = "meanSquaredError";
  const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed: 5 });
  const batch = randomBatch(model, { objective });
  model.compile({ optimizer: engine.tf.train.adam(1e-8), loss: objective });
  const monitor = healthMonitor({ batch, objective, every: 20, onFinding: "stop" });
  await model.fit(batch.inputs, batch.targets!, { epochs: 20, verbose: 0, callbacks: monitor });
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
  const { findings, cause } = monitor.history.at(-1)!;
  assertEquals(cause?.severity, "error");
  assertEquals(findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule), [
    "rate-too-low",
  ]);
  const page = await renderHistoryPage(monitor.history);
  await requireSoundPage(page);
  const text = textOf(page);
  assertStringIncludes(text, "SICK found at step 10");
  // Two digits, such as 9600.
  assertMatch(text, /rate of 1e-8 is too low: .*, (\d\d?0*|\d(\.\d)?e\d) times less than usual/);
  assertMatch(text, /Fix: Set the learning rate to 0\.\d+/);
  assertEquals(text.includes("HEALTHY"), false);
});

Deno.test("renderHistoryPage() tells of errors that no step is the cause of", async () => {
  const history = sampleHistory().map((record) => ({ ...record, cause: null }));
  const page = await renderHistoryPage(history);
  assertStringIncludes(textOf(page), "SICK from step 40 on");
  assertMatch(page, /<div class="lead-said">[^]*?<li><b class="error">/);
});

Deno.test("renderHistoryPage() draws no chart and no map of a single value", async () => {
  const [first, second] = sampleHistory(2);
  const page = await renderHistoryPage([first, second]);
  await requireSoundPage(page);
  assertEquals(every(page, /<section id="([^"]+)"/g), ["layers", "table", "run"]);
  assertEquals(every(page, /<summary>Table: ([^<]+)/g), ["mean |gradient|", "mean |activation|"]);
});

Deno.test("renderHistoryPage() shows the history of a single record", async () => {
  const page = await renderHistoryPage(sampleHistory(1));
  await requireSoundPage(page);
  assertMatch(textOf(page), /HEALTHY No problems found\. The loss is /);
});

Deno.test("renderHistoryPage() thins out a long history, and keeps the cause", async () => {
  const page = await renderHistoryPage(sampleHistory(500, ["a", "b", "c"]));
  assert(page.length < 200_000, `${page.length} characters`);
  assertMatch(textOf(page), /found here/);
});

Deno.test("renderHistoryPage() writes names from a file as text", async () => {
  const page = await renderHistoryPage(sampleHistory(4, HOSTILE));
  await requireSoundPage(page);
  assertStringIncludes(page, "a\\u{202e}b\\x00\\n");
});

Deno.test("renderHistoryPage() refuses what is no history, and an empty one", async () => {
  await assertRefusedLater(
    async () => await renderHistoryPage([]),
    { place: "history", found: "an empty array", expected: "at least one record" },
  );
  await assertRefusedLater(
    async () => await renderHistoryPage([{ step: "1" }] as never),
    { place: "history[0].step", found: '"1"', expected: "a number" },
  );
  const broken = sampleHistory().map((record, i) =>
    i === 3
      ? { ...record, measurements: { ...record.measurements, layers: [{ name: 5 }] } }
      : record
  );
  await assertRefusedLater(
    async () => await renderHistoryPage(broken as never),
    { place: "history[3].measurements.layers[0].name", found: "5", expected: "a text" },
  );
});

Deno.test("renderHistoryPage() draws the training loss beside the held-out one, step by step", async () => {
  const steps = Array.from({ length: 1000 }, (_, i) => ({
    step: i + 1,
    loss: i === 500 ? 77 : 1,
    updateRatio: 0.01,
    growth: null,
  }));
  const history = sampleHistory().slice(0, 4).map((record) => ({
    ...record,
    step: record.step * 30,
  }));
  const page = await renderHistoryPage(history, { steps });
  await requireSoundPage(page);
  const [, lead] = page.match(
    /<div class="lead-chart">|<figure class="lead-chart">([^]*?)<\/svg>/,
  )!;
  assertEquals(every(lead, /<text class="(?:data|other|error|warning)" [^>]*>([^<]+)/g).sort(), [
    "held out",
    "training",
  ]);
  // The training's curve is the last, on top of the other, and neither is in the colour of errors.
  assertEquals(every(lead, /<path class="(curve[^"]*)"/g), ["curve other-line", "curve"]);
  // The spike of a single step is not thinned out.
  assertMatch(lead, />80<\/text>/);
  assert(page.length < 120_000, `${page.length} characters`);
  assertEquals((await renderHistoryPage(history)).includes("held out<"), false);
});

Deno.test("renderHistoryPage() names what only the signals of the steps show", async () => {
  const history = sampleHistory().slice(0, 4);
  const steps = Array.from({ length: 30 }, (_, i) => ({ step: i + 1, loss: i < 24 ? 1 : NaN }));
  const page = await renderHistoryPage(history, { steps });
  await requireSoundPage(page);
  assertStringIncludes(textOf(page), "SICK found at step 25");
  assertEquals(every(page, /<rect class="(else|alert)" x=/g), ["else", "alert"]);
  assertEquals(textOf(await renderHistoryPage(history)).includes("found at"), false);
});

Deno.test("renderHistoryPage() marks the least held-out loss of a network that overfits, on a linear axis", async () => {
  const history = sampleHistory().slice(0, 4).map((record, i) => ({
    ...record,
    measurements: {
      ...record.measurements,
      objective: { ...record.measurements.objective, value: [2.3, 1, 1.4, 1.5][i] },
    },
    cause: i < 3 ? null : sampleCause([], { kind: "overfitting", severity: "warning" }),
  }));
  const steps = Array.from({ length: 30 }, (_, i) => ({ step: i + 1, loss: 10 ** (-i / 6) }));
  const page = await renderHistoryPage(history, { steps });
  await requireSoundPage(page);
  assertMatch(textOf(page), /WEAK found at step 30/);
  const [, lead] = page.match(/<figure class="lead-chart">([^]*?)<\/svg>/)!;
  assertMatch(lead, /<circle class="point"[^>]*><text class="other"[^>]*>least: 1 at step 10</);
  // The training loss falls by five powers of ten, in which the held-out one would be a flat line.
  assertEquals(every(lead, /text-anchor="end">([^<]+)<\/text>/g).slice(0, 4), ["0", "1", "2", "3"]);
  const other = await renderHistoryPage(history.map((one) => ({ ...one, cause: null })), { steps });
  assertEquals(other.includes('class="point"'), false);
});

Deno.test("renderHistoryPage() shows an error of the steps rather than a warning of a record", async () => {
  const history = sampleHistory().slice(0, 4).map((record, i) => ({
    ...record,
    cause: i < 3 ? null : sampleCause([], { kind: "overfitting", severity: "warning" }),
  }));
  const losses = (last: number) =>
    Array.from({ length: 30 }, (_, i) => ({ step: i + 1, loss: i < 24 ? 1 : last }));
  const found = async (last: number) =>
    textOf(await renderHistoryPage(history, { steps: losses(last) })).match(/\w+ found at step \d+/)
      ?.[0];
  assertEquals(await found(NaN), "SICK found at step 25");
  assertEquals(await found(1), "WEAK found at step 30");
});

Deno.test("renderHistoryPage() says what was found before the cause, as the strip shows it", async () => {
  const history = sampleHistory().map((record, i) =>
    i === 1
      ? {
        ...record,
        findings: [finding("dense_2", { severity: "warning", message: "Units are dead." })],
      }
      : record
  );
  assertMatch(textOf(await renderHistoryPage(history)), /At step 10: Units are dead\./);
  assertEquals(textOf(await renderHistoryPage(sampleHistory())).includes("At step"), false);
});

Deno.test("renderHistoryImage() draws the verdict, the cause, the fix and the loss, for a notebook", () => {
  const image = renderHistoryImage(sampleHistory());
  assertMatch(image, /<title id="gh-title">dense_1: SICK: found at step 40<\/title>/);
  assertMatch(image, /class="cause"[^>]*>The learning rate of 50 is too large\.</);
  assertMatch(image, /class="fix"[^>]*>Fix: Lower it to about 0\.1\.</);
  assertMatch(image, /<path class="curve"/);
  assertMatch(image, /class="found error-line"/);
  assertMatch(
    renderHistoryImage(sampleHistory(1)),
    /HEALTHY[^]*No problems found\. The loss is 2\./,
  );
});

/** Returns the classes and words of the pieces of the strip of verdicts. */
function stripOf(page: string): string[] {
  return [...page.matchAll(/<rect class="([\w-]+)" x=[^>]*><title>([^<]+)/g)]
    .map(([, paint, words]) => `${paint}: ${words}`);
}

/** Returns a history with a cause since a step, and a warning in one record before. */
function historySince(since: number | undefined, warned: number) {
  return sampleHistory().map((record, i) => ({
    ...record,
    findings: i === warned
      ? [finding("dense_1", { rule: "dead-units", severity: "warning" })]
      : record.findings,
    cause: record.cause === null ? null : { ...record.cause, since },
  }));
}

Deno.test("renderHistoryPage() colours the strip since the cause began, and labels other findings", async () => {
  // Records at steps 0, 10 ... 40, and the cause is found at 40.
  const sick = "alert: sick";
  const other = "warn-other: weak: dead-units";
  const nothing = "else: nothing found";
  const strips = [
    { since: 20, pieces: [nothing, other, sick] },
    { since: 21, pieces: [nothing, other, nothing, sick] },
    { since: undefined, pieces: [nothing, other, nothing, sick] },
    // From the first step on, it is one stretch.
    { since: 1, pieces: [sick] },
  ];
  for (const { since, pieces } of strips) {
    const page = await renderHistoryPage(historySince(since, 1));
    await requireSoundPage(page);
    assertEquals(stripOf(page), pieces, `${since}`);
  }
  const starts = (page: string) => every(page, /<rect class="alert" x="([\d.]+)"/g).map(Number);
  const [early] = starts(await renderHistoryPage(historySince(20, 1)));
  const [late] = starts(await renderHistoryPage(historySince(30, 1)));
  assert(early < late, `${early}, ${late}`);
  const text = textOf(await renderHistoryPage(historySince(20, 1)));
  assertStringIncludes(text, "weak: dead-units");
  // The last piece is too narrow for its word, which is beside it.
  const page = await renderHistoryPage(historySince(40, 1), {
    steps: Array.from({ length: 40 }, (_, i) => ({ step: i + 1, loss: 1 })),
  });
  assertMatch(page, /<text x="[\d.]+" y="[\d.]+">sick<\/text>/);
});

Deno.test("renderHistoryPage() says where a training went back, and is not red from there on", async () => {
  const history = sampleHistory(3);
  const [, healthy] = history;
  const later = [30, 40].map((step) => ({ ...healthy, step }));
  const lowering = { at: 20, backTo: 10, from: 50, to: 0.1 };
  const page = await renderHistoryPage([...history, ...later], { lowerings: [lowering] });
  await requireSoundPage(page);
  assertEquals(stripOf(page), ["else: nothing found", "alert: sick", "else: nothing found"]);
  assertStringIncludes(
    textOf(page),
    "After step 20: back to the weights of step 10, with a learning rate of 0.1 instead of 50.",
  );
  // A cause that was found after it holds to the end.
  const early = await renderHistoryPage([...history, ...later], {
    lowerings: [{ ...lowering, at: 10 }],
  });
  assertEquals(stripOf(early), ["else: nothing found", "alert: sick"]);
});

Deno.test("renderHistoryPage() has no epochs in a loop that counts none", async () => {
  const history = sampleHistory();
  const pages = [history, history.map((record) => ({ ...record, epoch: 0 }))];
  const texts = await Promise.all(pages.map(async (one) => textOf(await renderHistoryPage(one))));
  assertEquals(texts.map((text) => /\bepochs?\b/.test(text)), [true, false]);
  assertMatch(texts[0], /Training 40 steps, 2 epochs/);
  assertMatch(texts[1], /Training 40 steps Measured/);
});
