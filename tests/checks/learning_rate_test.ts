import { assertEquals, assertStringIncludes } from "@std/assert";
import { learningRate } from "../../src/checks/rules/learning_rate.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import { makeMeasurements } from "./make_measurements.ts";
import { testThreshold } from "./test_threshold.ts";

testBrokenNetwork("learning-rate", {
  spoil: (model, tf) => model.compile({ optimizer: tf.train.sgd(1e-5), loss: "meanSquaredError" }),
});

const compiled = (name: string, rate: number | null) =>
  makeMeasurements([{}], { optimizer: { name, learningRate: rate } });

testThreshold("learningRateFactor", {
  judge: (factor, options) => learningRate.check(compiled("Adam", 0.03 * factor), options),
  inside: [0.1, 1, 1.01, 2.99],
  outside: [3.01, 100],
  severity: "error",
  indirect: true,
});

Deno.test("learningRate names the side on which a rate lies, and warns near the usual ones", () => {
  const found = (name: string, rate: number | null) =>
    learningRate.check(compiled(name, rate)).map(({ severity, kind }) => [severity, kind]);
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

Deno.test("learningRate says nothing of what it does not know, nor of a trained network", () => {
  assertEquals(learningRate.check(compiled("Lion", 10)), []);
  assertEquals(learningRate.check(compiled("SGD", null)), []);
  assertEquals(learningRate.check(makeMeasurements([{}])), []);
  assertEquals(learningRate.check(compiled("Adam", 10), {}, true), []);
  const [finding] = learningRate.check(compiled("Adam", 10), {}, false);
  assertStringIncludes(
    finding.message,
    "The model is compiled with a learning rate of 10, above what Adam is used with; expected",
  );
});
