import { assertEquals } from "@std/assert";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { initialLoss } from "../../src/rules/task/initial_loss.ts";
import { type Head as Given, withHead } from "../networks/measurements.ts";
import { severities } from "./severities.ts";
import { loss } from "./with_head.ts";

/** What is found of a head of so many units where the loss is 60 % too low and there are ten features. */
function atLoss(given: Given, expected: number, head: Partial<LayerMeasurements> = {}) {
  const measurements = withHead({ ...given, value: 0.4 * expected });
  Object.assign(measurements.layers[0], head);
  Object.assign(measurements.batch.perInput[0], { shape: [32, 10] });
  return severities(initialLoss.run(measurements));
}

/** Classes of 32 examples in turn, one-hot. */
const classes = (units: number) =>
  Array.from({ length: 32 * units }, (_, i) => Math.floor(i / units) % units === i % units ? 1 : 0);

// By ten features chance explains 64 % for one free output, and 39 % for two.
Deno.test("initialLoss counts one free output less than a softmax has units", () => {
  const at = (units: number) =>
    atLoss({ loss: "categoricalCrossentropy", units, targets: classes(units) }, Math.log(units));
  assertEquals(at(2), []);
  assertEquals(at(3), ["warning"]);
});

Deno.test("initialLoss counts every unit of another head as a free output", () => {
  // Mean 3, variance 4.
  const given = (units: number): Given => ({
    loss: "meanSquaredError",
    activation: "linear",
    units,
    targets: Array.from({ length: 32 * units }, (_, i) => i < 16 * units ? 1 : 5),
  });
  assertEquals(atLoss(given(1), 4), []);
  assertEquals(atLoss(given(2), 4), ["warning"]);
  // One whose shape varies counts as one.
  assertEquals(atLoss(given(2), 4, { shape: null }), []);
});

Deno.test("initialLoss takes a label that a batch has always or never as unknown", () => {
  // 0.377 for the label that one example of eight has, and ln 2 for each of the two others.
  const targets = Array.from({ length: 32 }, (_, i) => [i % 8 === 0 ? 1 : 0, 0, 1]).flat();
  const at = (value: number) =>
    severities(
      loss({ loss: "binaryCrossentropy", activation: "sigmoid", units: 3, targets, value }),
    );
  // A fifth below the mean of the three, 0.588, it warns.
  assertEquals(at(0.475), []);
  assertEquals(at(0.465), ["warning"]);
});
