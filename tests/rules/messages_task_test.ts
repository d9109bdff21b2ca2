import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import type { Finding } from "../../src/rules/finding.ts";
import { matchesBaseline } from "../../src/rules/matches_baseline.ts";
import {
  flat,
  halves,
  headed,
  makeMeasurements,
  oneHot,
  statisticsOf,
  withInput,
} from "../networks/measurements.ts";
import { judge, testMessages } from "./test_messages.ts";

const compare = (now: Partial<LayerMeasurements>[], then: Partial<LayerMeasurements>[]) =>
  matchesBaseline(makeMeasurements(then)).run(makeMeasurements(now));

const input = (...values: number[]) => withInput(statisticsOf(values));

const SAID: Record<string, () => Finding[]> = {
  "input-normalized: too large": () => judge("input-normalized", input(255, -255)),
  "input-normalized: an offset": () => judge("input-normalized", input(4, 2)),
  "input-normalized: too small": () => judge("input-normalized", input(0.01, -0.01)),
  "initial-loss: too much": () =>
    judge(
      "initial-loss",
      headed("categoricalCrossentropy", {
        activation: "softmax",
        units: 2,
        targets: oneHot,
        value: 9,
      }),
    ),
  "initial-loss: a little too much": () =>
    judge("initial-loss", headed("binaryCrossentropy", { targets: halves, value: 1.1 })),
  "initial-loss: too little": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 0.01 })),
  "initial-loss: a little too little": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 0.127 })),
  "initial-loss: a squared error": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 5 })),
  "initial-loss: too few examples": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: [0, 1] })),
  "output-head: one class": () =>
    judge("output-head", headed("categoricalCrossentropy", { activation: "softmax" })),
  "output-head: sigmoid for classes": () =>
    judge("output-head", headed("categoricalCrossentropy", { activation: "sigmoid", units: 3 })),
  "output-head: logits for classes": () =>
    judge("output-head", headed("sparseCategoricalCrossentropy", { units: 3 })),
  "output-head: targets that are no probabilities": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "sigmoid", targets: [0, 2] })),
  "output-head: a hinge on outputs that are never negative": () =>
    judge("output-head", headed("hinge", { activation: "relu", targets: [-1, 1] })),
  "output-head: a hinge on targets of 0": () =>
    judge("output-head", headed("hinge", { targets: halves })),
  "target-normalized: an offset": () =>
    judge("target-normalized", headed("meanSquaredError", { targets: halves.map((y) => y + 99) })),
  "target-normalized: too large": () =>
    judge("target-normalized", headed("meanSquaredError", { targets: halves.map((y) => y * 1e6) })),
  "target-normalized: too small": () =>
    judge(
      "target-normalized",
      headed("meanSquaredError", { targets: halves.map((y) => y * 1e-6) }),
    ),
  "output-head: softmax for labels": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "softmax", units: 3 })),
  "output-head: softmax over one unit": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "softmax" })),
  "output-head: logits for labels": () => judge("output-head", headed("binaryCrossentropy", {})),
  "output-head: an activation twice": () =>
    judge("output-head", headed("softmaxCrossEntropy", { activation: "softmax", units: 3 })),
  "output-head: softmax for numbers": () =>
    judge("output-head", headed("meanSquaredError", { activation: "softmax", units: 3 })),
  "output-head: out of reach": () =>
    judge("output-head", headed("meanSquaredError", { activation: "tanh", targets: [0, 2] })),
  "output-head: never negative": () =>
    judge("output-head", headed("meanAbsoluteError", { activation: "relu", targets: [0, -2] })),
  "baseline: a figure": () => compare([{ activations: flat(9, 640) }], [{}]),
  "baseline: a share": () => compare([{ saturatedFraction: 0.9 }], [{}]),
  "baseline: new and gone": () => compare([{ name: "new" }], [{ name: "old" }]),
};

testMessages(SAID);
