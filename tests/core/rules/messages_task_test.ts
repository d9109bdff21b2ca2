import type {
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
} from "../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import {
  flat,
  halves,
  headed,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeTarget,
  makeWeight,
  oneHot,
  statisticsOf,
  withInput,
} from "../../networks/measurements.ts";
import { penalisedChain } from "./penalised_chain.ts";
import { judge, testMessages } from "./test_messages.ts";

const compare = (now: Partial<LayerMeasurements>[], then: Partial<LayerMeasurements>[]) =>
  matchesBaseline(makeMeasurements(then)).run(makeMeasurements(now));

/** A head under a loss, with its outputs dropped at a rate. */
const droppedAnswers = (loss: string, dropout: number) => {
  const { layers: [head], ...rest } = headed(loss, { units: 4, activation: "softmax" });
  const drop = makeLayer({
    name: "drop",
    className: "Dropout",
    role: "output",
    weights: [],
    shape: [32, 4],
    dropout,
  });
  return { ...rest, layers: [{ ...head, role: "hidden" as const }, drop] };
};

/** Class numbers for a softmax of 7 units. */
const classes = (least: number, most: number, fractions = 0) => {
  const measurements = headed("sparseCategoricalCrossentropy", { activation: "softmax", units: 7 });
  const target = makeTarget(Float64Array.of(least, most), 2);
  const targets = [{ ...target, classes: { units: 7, least, most, fractions } }];
  return { ...measurements, batch: { ...measurements.batch, targets } };
};

/** A head whose activation is followed by another. */
const twice = (loss: string, below: string, activation: string) => {
  const { layers: [head], ...rest } = headed(loss, { units: 3, activation: below });
  const last = makeLayer({
    name: "last",
    className: "Activation",
    role: "output",
    activation,
    depth: 1,
    weights: [],
    shape: [32, 3],
    inputs: ["head"],
  });
  return { ...rest, layers: [head, last] };
};

const compiled = (
  learningRate: number,
  given: Partial<Measurements["optimizer"]> = {},
): Measurements => makeMeasurements([{}], { optimizer: { name: "Adam", learningRate, ...given } });

/** A network with layers of dropout of these rates. */
const dropping = (...rates: number[]) => {
  const drops = rates.map((dropout, i) =>
    makeLayer({ name: `drop_${i + 1}`, className: "Dropout", weights: [], dropout })
  );
  return makeMeasurements([], { layers: [makeLayer(), ...drops, makeHead({ depth: 2 })] });
};

const input = (...values: number[]) => withInput(statisticsOf(values));

/** Targets of 32 examples that a loss of PyTorch reads in their own way. */
const misread = (
  loss: string,
  output: number[],
  given: Partial<TargetMeasurements>,
): Measurements => {
  const measurements = headed(loss, { units: output.at(-1) });
  const targets = [{ ...makeTarget(Float64Array.of(0, 1), 2), output, ...given }];
  return { ...measurements, batch: { ...measurements.batch, targets } };
};

/** A program that computes a loss of one unit for each of 32 examples, and targets of a shape. */
const ownLoss = (target: number[]): Measurements => {
  const { layers: [head], ...rest } = headed("sum", { units: 1 });
  const shape = [32, 32];
  const own = (name: string, className: string) =>
    makeLayer({ name, className, kind: "opaque", weights: [], shape });
  const layers = [
    { ...head, role: "hidden" as const },
    { ...own("both", "broadcast_tensors"), inputs: ["head"], reads: ["y"] },
    { ...own("loss", "mse_loss"), inputs: ["both"] },
  ];
  const perInput = [{ name: "y", shape: target, dtype: "float32", values: statisticsOf([0, 1]) }];
  return { ...rest, layers, batch: { ...rest.batch, perInput } };
};

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
    judge(
      "output-head",
      headed("binaryCrossentropy", { activation: "sigmoid", targets: [0, 1.5] }),
    ),
  "output-head: a hinge on outputs that are never negative": () =>
    judge("output-head", headed("hinge", { activation: "relu", targets: [-1, 1] })),
  "output-head: a hinge on targets of 0": () =>
    judge("output-head", headed("hinge", { targets: halves })),
  "output-head: an overlap with outputs that may be negative": () =>
    judge("output-head", headed("dice", { activation: "linear", targets: [0, 1] })),
  "output-head: each output against all targets": () =>
    judge("output-head", misread("mse_loss", [32, 1], { shape: [32] })),
  "output-head: units against one target": () =>
    judge("output-head", misread("l1_loss", [32, 3], { shape: [32, 1] })),
  "output-head: one output against several targets": () =>
    judge("output-head", misread("huber_loss", [32, 1, 2], { shape: [32, 5, 2] })),
  "output-head: targets of a loss in the program": () => judge("output-head", ownLoss([32])),
  "output-head: shares on the last axis": () =>
    judge(
      "output-head",
      misread("cross_entropy", [32, 5, 3], { shape: [32, 5, 3], classesLast: true }),
    ),
  "output-head: classes on the last axis": () =>
    judge(
      "output-head",
      misread("cross_entropy", [32, 5, 5], {
        shape: [32, 5],
        classes: { units: 5, least: 0, most: 4, fractions: 0 },
      }),
    ),
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
  "output-head: half of the targets are never negative": () =>
    judge("output-head", headed("meanSquaredError", { activation: "relu", targets: [-1, 1] })),
  "output-head: ten classes for one sigmoid": () => {
    const measurements = headed("binaryCrossentropy", {
      activation: "sigmoid",
      targets: [0, 5, 9],
    });
    const targets = measurements.batch.targets!.map((one) => ({ ...one, wholeNumbers: 10 }));
    return judge("output-head", { ...measurements, batch: { ...measurements.batch, targets } });
  },
  "output-head: dropped answers that end in NaN": () =>
    judge("output-head", droppedAnswers("categoricalCrossentropy", 0.2)),
  "output-head: dropped answers": () =>
    judge("output-head", droppedAnswers("meanSquaredError", 0.5)),
  "output-head: classes from 1": () => judge("output-head", classes(1, 7)),
  "output-head: classes beyond the last": () => judge("output-head", classes(0, 7)),
  "output-head: one class in fractions": () => judge("output-head", classes(0, 6, 1)),
  "output-head: classes below 0": () => judge("output-head", classes(-1, 6)),
  "output-head: classes in fractions": () => judge("output-head", classes(0, 6, 2)),
  "output-head: softmax under logits": () =>
    judge(
      "output-head",
      headed("categoricalCrossentropyFromLogits", { activation: "softmax", units: 3 }),
    ),
  "output-head: logits that relu cuts": () =>
    judge("output-head", headed("binaryCrossentropyFromLogits", { activation: "relu" })),
  "output-head: logits that tanh bounds": () =>
    judge("output-head", headed("binaryCrossentropyFromLogits", { activation: "tanh" })),
  "output-head: two softmax layers": () =>
    judge("output-head", twice("categoricalCrossentropy", "softmax", "softmax")),
  "output-head: relu before the sigmoid": () =>
    judge("output-head", twice("binaryCrossentropy", "relu", "sigmoid")),
  "output-head: targets up to 255": () =>
    judge(
      "output-head",
      headed("binaryCrossentropy", { activation: "sigmoid", targets: [0, 255] }),
    ),
  "output-head: targets that are no shares": () =>
    judge(
      "output-head",
      headed("categoricalCrossentropy", { activation: "softmax", units: 2, targets: [0, 2] }),
    ),
  "output-head: shares above 1": () =>
    judge(
      "output-head",
      headed("categoricalCrossentropy", { activation: "softmax", units: 2, targets: [1, 1] }),
    ),
  "input-normalized: examples alike": () =>
    judge("input-normalized", withInput(flat(1, 640), { spread: 1e-6 })),
  "input-normalized: one example": () =>
    judge("input-normalized", withInput(flat(1, 640), { spread: 0 })),
  "input-normalized: one feature": () =>
    judge(
      "input-normalized",
      withInput(flat(1, 640), {
        spread: 1,
        features: { count: 20, constant: 0, largestOffset: 0, largestStd: 4.47, smallestStd: 0.01 },
      }),
    ),
  "input-normalized: a constant": () => judge("input-normalized", input(1, 1)),
  "target-normalized: one class of several": () =>
    judge(
      "target-normalized",
      headed("categoricalCrossentropy", {
        activation: "softmax",
        units: 2,
        targets: Array(16).fill([0, 1]).flat(),
      }),
    ),
  "target-normalized: one class": () =>
    judge(
      "target-normalized",
      headed("binaryCrossentropy", { activation: "sigmoid", targets: Array(16).fill(1) }),
    ),
  "target-normalized: unrelated to the inputs": () => {
    const measurements = headed("meanSquaredError", { targets: halves });
    const targets = measurements.batch.targets!.map((one) => ({ ...one, chance: 0.82 }));
    return judge("target-normalized", {
      ...measurements,
      batch: { ...measurements.batch, targets },
    });
  },
  "learning-rate: low": () => judge("learning-rate", compiled(9e-5)),
  "learning-rate: too low": () => judge("learning-rate", compiled(1e-6)),
  "learning-rate: high": () => judge("learning-rate", compiled(0.05)),
  "learning-rate: too high": () => judge("learning-rate", compiled(3)),
  "learning-rate: no step": () => judge("learning-rate", compiled(0)),
  "learning-rate: steps uphill": () => judge("learning-rate", compiled(-1)),
  "learning-rate: too high with momentum": () =>
    judge("learning-rate", compiled(50, { name: "Momentum", settings: { momentum: 0.9 } })),
  "learning-rate: too high in a schedule": () =>
    judge("learning-rate", compiled(5, { schedule: "ExponentialDecay" })),
  "learning-rate: not reproduced": () =>
    judge(
      "learning-rate",
      makeMeasurements([{}], {
        notReproduced: [{ setting: "optimizer", name: "Mine", substitute: "Adam" }],
      }),
    ),
  "regularization: one layer": () => judge("regularization", dropping(0.7)),
  "regularization: dropout in a row": () =>
    judge("regularization", dropping(...Array(10).fill(0.4))),
  "regularization: penalties": () => {
    const weights = [makeWeight({ gradients: flat(0.001, 400) })];
    const penalised = makeLayer({ penalty: 10, weights });
    return judge(
      "regularization",
      makeMeasurements([], {
        layers: [penalised, makeHead({ depth: 2 })],
        objective: { name: "meanSquaredError", value: 1, penalty: 10 },
      }),
    );
  },
  "regularization: flattening": () => judge("regularization", penalisedChain(3, 0.5)),
  "baseline: a figure": () => compare([{ activations: flat(9, 640) }], [{}]),
  "baseline: a share": () => compare([{ saturatedFraction: 0.9 }], [{}]),
  "baseline: new and gone": () => compare([{ name: "new" }], [{ name: "old" }]),
};

testMessages(import.meta, SAID);
