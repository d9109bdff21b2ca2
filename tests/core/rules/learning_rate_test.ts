import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { learningRate } from "../../../src/core/rules/task/learning_rate.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import { makeMeasurements } from "../../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

testBrokenNetwork("learning-rate", {
  spoil: (model, tf) => model.compile({ optimizer: tf.train.sgd(1e-5), loss: "meanSquaredError" }),
});

const compiled = (
  name: string,
  rate: number | null,
  more: Partial<Measurements["optimizer"]> = {},
) => makeMeasurements([{}], { optimizer: { name, learningRate: rate, ...more } });

testThreshold("learningRateFactor", {
  judge: (factor, options) => learningRate.run(compiled("Adam", 0.03 * factor), options),
  inside: [0.1, 1, 1.01, 2.99],
  outside: [3.01, 100],
  severity: "error",
  indirect: true,
});

Deno.test("learningRate names the side on which a rate lies, and warns near the usual ones", () => {
  const found = (name: string, rate: number | null) =>
    learningRate.run(compiled(name, rate)).map(({ severity, kind }) => [severity, kind]);
  assertEquals(found("SGD", 3e-3), []);
  assertEquals(found("SGD", 1.01e-3), [["warning", "low"]]);
  assertEquals(found("SGD", 9e-4), [["error", "too-low"]]);
  assertEquals(found("SGD", 1), [["warning", "high"]]);
  assertEquals(found("Adam", 9e-5), [["warning", "low"]]);
  assertEquals(found("Adam", 3.3e-5), [["error", "too-low"]]);
  assertEquals(found("Adadelta", 1), []);
  assertEquals(found("Adam", 0), [["error", "too-low"]]);
  assertEquals(found("Adam", -1), [["error", "too-low"]]);
  assertEquals(found("Adam", -Infinity), [["error", "too-low"]]);
  assertEquals(found("Adam", Infinity), [["error", "too-high"]]);
  // Just three times as high or low as what is usual.
  assertEquals(found("Adam", 3 * 0.03), [["warning", "high"]]);
  assertEquals(found("Adam", NaN), [["error", "too-high"]]);
});

Deno.test("learningRate judges every optimizer, and the largest rate of a schedule", () => {
  const [momentum] = learningRate.run(compiled("Momentum", 50, { settings: { momentum: 0.9 } }));
  assertEquals([momentum.severity, momentum.measured], ["error", 50]);
  assertEquals(momentum.expected.text, "3e-4 .. 0.35");
  for (const name of ["AdamW", "Nadam", "Lion", "RMSProp", "Lamb", "Adafactor"]) {
    const [{ severity }] = learningRate.run(compiled(name, 1));
    assertEquals(severity, "error", name);
  }
  const [scheduled] = learningRate.run(compiled("Adam", 5, { schedule: "ExponentialDecay" }));
  assertEquals([scheduled.measured, scheduled.expected.bounds], [5, [1e-4, 0.03]]);
});

Deno.test("learningRate refuses a rate of 0 or less by itself, whatever the optimizer", () => {
  for (const name of ["Adam", "Momentum", "Muon"]) {
    for (const rate of [0, -1, -1000]) {
      const [{ severity, kind, message }] = learningRate.run(compiled(name, rate));
      assertEquals([severity, kind], ["error", "too-low"]);
      const why = rate === 0 ? "no weight changes" : "each step raises the loss";
      assertStringIncludes(message, `of ${rate === 0 ? 0 : rate}, with which ${why}; expected`);
    }
  }
  // A trained network may have ended at 0; no network was trained at less.
  assertEquals(learningRate.run(compiled("Adam", 0), {}, true), []);
  assertEquals(learningRate.run(compiled("Adam", -1), {}, true).length, 1);
});

Deno.test("learningRate has no verdict on an optimizer that is not reproduced, unless no rate would do", () => {
  const notReproduced = [{ setting: "optimizer" as const, name: "Muon", substitute: "Adam" }];
  const found = (rate: number | null) =>
    learningRate.run({ ...compiled("Muon", rate), notReproduced }).map(({ severity, kind }) => [
      severity,
      kind,
    ]);
  assertEquals(found(1), [["note", "not-reproduced"]]);
  assertEquals(found(null), [["note", "not-reproduced"]]);
  assertEquals(found(-1), [["error", "too-low"]]);
});

Deno.test("learningRate says nothing of what it does not know, nor of a trained network", () => {
  assertEquals(learningRate.run(compiled("Muon", 10)), []);
  assertEquals(learningRate.run(compiled("SGD", null)), []);
  assertEquals(learningRate.run(makeMeasurements([{}])), []);
  assertEquals(learningRate.run(compiled("Adam", 10), {}, true), []);
  const [finding] = learningRate.run(compiled("Adam", 10), {}, false);
  assertEquals([finding.kind, finding.measured], ["too-high", 10]);
});
