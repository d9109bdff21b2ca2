import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import { parseReport, renderJson } from "../../../src/core/text/report_document.ts";
import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { noteNotReproduced } from "../../../src/core/model/loaded_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { caveatLines } from "../../../src/core/text/render_header.ts";
import { renderReportPage } from "../../../src/pages/report_page.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import type { Sibling } from "../../../src/core/measure/measurements.ts";
import { makeMeasurements } from "../../networks/measurements.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";

Deno.test("a missing loss and a missing delta are said first, and rules judge by the latter", async () => {
  await using _engine = await startEngine();
  const linesOf = async (one: Parameters<typeof noteNotReproduced>[1]) => {
    const model = exerciseModel({ std: 1 / Math.sqrt(20) });
    noteNotReproduced(model, one);
    const { measurements, diagnosis, findings, trial } = await examine(model, randomBatch(model), {
      trial: "always",
    });
    model.dispose();
    const silent = findings.filter(({ kind }) => kind === "not-reproduced").length;
    assertEquals(
      parseReport(renderJson(measurements, findings, { diagnosis })).measurements,
      measurements,
    );
    const text = caveatLines(measurements, Infinity).join(" ");
    const page = await renderReportPage({ measurements, findings, diagnosis });
    assertStringIncludes(page, `<p class="small">${text.slice(0, 20)}`);
    return {
      text,
      notJudged: diagnosis.notJudged,
      silent,
      skipped: trial !== null && "skipped" in trial,
    };
  };
  assertEquals(await linesOf({ setting: "loss", name: null, substitute: null }), {
    text:
      "Compiled without a loss: fit() trains nothing unless a layer or train_step() adds one. Measured with the " +
      "sum of the outputs. Rules that need the loss do not judge this model.",
    notJudged: ["loss"],
    silent: 3,
    skipped: true,
  });
  assertEquals(await linesOf({ setting: "argument", name: "delta of Huber", substitute: "1" }), {
    text:
      "Keras does not save the delta of Huber: it is taken to be 1, as by Keras when it loads the file.",
    notJudged: undefined,
    silent: 0,
    skipped: false,
  });
});

Deno.test("a loss that was not reproduced is said first, and nothing is judged by its substitute", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ std: 1 / Math.sqrt(20) });
  noteNotReproduced(model, { setting: "loss", name: "Circle", substitute: null });
  noteNotReproduced(model, { setting: "optimizer", name: "Muon", substitute: "Adam" });
  const batch = randomBatch(model, { objective: "meanSquaredError" });
  const { measurements, findings, diagnosis, trial } = await examine(model, batch, {
    trial: "always",
  });
  assertEquals(measurements.notReproduced, [
    { setting: "loss", name: "Circle", substitute: "the sum of the outputs" },
    { setting: "optimizer", name: "Muon", substitute: "Adam" },
  ]);
  assert(trial !== null && "skipped" in trial);
  assertEquals(diagnosis.notJudged, ["loss", "optimizer"]);
  assertEquals(diagnosis.verdict, "unjudged");
  const silent = findings.filter(({ kind }) => kind === "not-reproduced").map(({ rule }) => rule);
  const expected = ["initial-loss", "learning-rate", "output-head", "target-normalized"];
  assertEquals(silent.toSorted(), expected);
  const text = renderText(measurements, findings, { diagnosis });
  assertEquals(text.split("\n").slice(0, 5), [
    "Compiled with Circle, which is not reproduced: measured with the sum of the",
    "  outputs instead. Rules that need the loss do not judge this model.",
    "Compiled with Muon, which is not reproduced: tried with Adam instead. Its",
    "  learning rate is not judged.",
    "No finding (loss not judged, optimizer not judged, trial skipped)",
  ]);
  const json = renderJson(measurements, findings, { diagnosis });
  assertStringIncludes(json, '"notJudged"');
  assertEquals(
    parseReport(json).measurements.notReproduced,
    measurements.notReproduced,
  );

  const asked = await examine(model, batch, { objective: "meanSquaredError", trial: "off" });
  assertEquals(asked.measurements.notReproduced?.map(({ setting }) => setting), ["optimizer"]);
  assertEquals(diagnose(asked.measurements, runRules(asked.measurements)).notJudged, [
    "optimizer",
  ]);
  model.dispose();
});

Deno.test("caveatLines() says of which sizes the verdict on a sibling is", () => {
  const of = (sibling: Partial<Sibling>) =>
    caveatLines(
      makeMeasurements([], {
        sibling: {
          width: 8,
          depth: null,
          largest: { width: 64, depth: null },
          steepest: 0.125,
          faults: [],
          ...sibling,
        },
      }),
      Infinity,
    );
  assertEquals(of({}), [
    "Judged on a sibling of width 8: slopes flat to +-0.13 up to width 64, so larger siblings keep its " +
    "scale.",
  ]);
  assertEquals(
    of({
      depth: 2,
      largest: { width: 64, depth: 4 },
      faults: [{ severity: "error", layer: "a", slope: 1, message: "" }],
    }),
    [
      "Judged on a sibling of width 8, depth 2, which does not keep its scale up to width 64, depth 4: " +
      "the verdict says nothing of larger siblings.",
    ],
  );
});
