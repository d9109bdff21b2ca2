import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { healthMonitor } from "../../src/assert/health_monitor.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { renderHistoryPage } from "../../src/picture/history_page.ts";
import { every, requireSoundPage, textOf } from "./page_facts.ts";
import { HOSTILE } from "../networks/residual_report.ts";
import { sampleHistory } from "../networks/studies.ts";
import { assertRefusedLater } from "../assert_refused.ts";

Deno.test("renderHistoryPage() names the cause, and marks the step at which it was found in every chart", async () => {
  const page = await renderHistoryPage(sampleHistory());
  await requireSoundPage(page);
  const text = textOf(page);
  assertStringIncludes(text, "The step is too large, found after 40 batches");
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
  assertStringIncludes(textOf(page), "No rule found an error");
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
  assertStringIncludes(text, "Nothing was learned: the step is too small, found after 20 batches");
  assertMatch(text, /The learning rate of 1e-8 is too low: .* times less than usual/);
  assertMatch(text, /Fix: Set the learning rate to 0\.\d+/);
  assertEquals(text.includes("No rule found an error"), false);
});

Deno.test("renderHistoryPage() tells of errors that no step is the cause of", async () => {
  const history = sampleHistory().map((record) => ({ ...record, cause: null }));
  const page = await renderHistoryPage(history);
  assertStringIncludes(textOf(page), "Errors from 40 batches on");
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
  assertStringIncludes(textOf(page), "No rule found an error");
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
  assertMatch(lead, />10²<\/text>/);
  assert(page.length < 120_000, `${page.length} characters`);
  assertEquals((await renderHistoryPage(history)).includes("held out<"), false);
});

Deno.test("renderHistoryPage() names what only the signals of the steps show", async () => {
  const history = sampleHistory().slice(0, 4);
  const steps = Array.from({ length: 30 }, (_, i) => ({ step: i + 1, loss: i < 24 ? 1 : NaN }));
  const page = await renderHistoryPage(history, { steps });
  await requireSoundPage(page);
  assertStringIncludes(textOf(page), "Figures are NaN or infinite, found after 25 batches");
  assertEquals(every(page, /<rect class="(else|alert)" x=/g), ["else", "alert"]);
  assertEquals(textOf(await renderHistoryPage(history)).includes("found after"), false);
});
