import { assertEquals } from "@std/assert";
import {
  optimizerName,
  optimizerWords,
  readRate,
  readSettings,
  shortest,
  stockSettings,
  unusualRate,
  unusualSettings,
} from "../../../src/ground/traits/optimizers.ts";

Deno.test("unusualRate() knows what each optimizer is used with, on both sides of each edge", () => {
  for (
    const [name, least, most] of [
      ["SGD", 3e-3, 0.35],
      ["Momentum", 3e-4, 0.35],
      ["Adagrad", 3e-3, 1],
      ["Adadelta", 5e-3, 1],
      ["Adam", 1e-4, 0.03],
      ["AdamW", 1e-4, 0.03],
      ["Nadam", 1e-4, 0.03],
      ["Adamax", 1e-4, 0.3],
      ["RMSProp", 1e-4, 0.03],
      ["Lion", 1e-5, 0.01],
      ["Adafactor", 1e-4, 0.1],
      ["Ftrl", 1e-3, 1],
      ["Lamb", 1e-4, 0.1],
    ] as const
  ) {
    const sides = (rates: number[]) => rates.map((rate) => unusualRate({ name }, rate));
    assertEquals(sides([0.99 * least, least, most, 1.01 * most]), ["low", null, null, "high"]);
    // Keras keeps a rate as float32: 1e-4 is 9.999999747378752e-05 there, and 0.03 0.029999999329447746.
    assertEquals(sides([Math.fround(least), Math.fround(most)]), [null, null], name);
    assertEquals(sides([-1, 0, -Infinity, NaN, Infinity]), ["low", "low", "low", "high", "high"]);
  }
  assertEquals(unusualRate({ name: "SGD" }, null), null);
});

Deno.test("unusualRate() takes a lower rate from a larger momentum", () => {
  const side = (momentum: number, rate: number) =>
    unusualRate({ name: "Momentum", settings: { momentum } }, rate);
  assertEquals([side(0.9, 2.9e-4), side(0.9, 3.1e-4)], ["low", null]);
  assertEquals([side(0.5, 1.4e-3), side(0.5, 1.6e-3)], ["low", null]);
  assertEquals([side(0.99, 2.9e-5), side(0.99, 3.1e-5)], ["low", null]);
});

Deno.test("unusualRate() refuses of an optimizer that is not known only what never trains", () => {
  const rates = [1e-9, 1, 1e9, 0, -1, NaN];
  assertEquals(
    rates.map((rate) => unusualRate({ name: "Muon" }, rate)),
    [null, null, null, "low", "low", "high"],
  );
});

Deno.test("optimizerName() knows the spellings of Keras, TensorFlow.js and PyTorch", () => {
  const names = (written: string[]) => written.map((one) => optimizerName(one, {}));
  assertEquals(names(["RMSprop", "rmsprop", "RMSProp"]), Array(3).fill("RMSProp"));
  assertEquals(names(["NAdam", "Nadam", "adam_w", "AdamW"]), ["Nadam", "Nadam", "AdamW", "AdamW"]);
  assertEquals(names(["Muon", ""]), [null, null]);
  assertEquals(optimizerName("SGD", { momentum: 0 }), "SGD");
  assertEquals(optimizerName("sgd", { momentum: 0.9 }), "Momentum");
});

Deno.test("readSettings() reads every spelling, and leaves out what is damaged", () => {
  const { beta1, beta2, epsilon, amsgrad, weightDecay } = readSettings("AdamW", {
    beta_1: 0.8,
    beta2: 0.9,
    EPSILON: "1e-5",
    amsgrad: null,
    weight_decay: 0.1,
  });
  assertEquals([beta1, beta2, epsilon, amsgrad, weightDecay], [0.8, 0.9, 1e-7, false, 0.1]);
  assertEquals(readSettings("RMSProp", { decay: 0.7 }).rho, 0.7);
  // Keras 2 writes both.
  assertEquals(readSettings("RMSProp", { rho: 0.8, decay: 0.01 }).rho, 0.8);
  assertEquals(readSettings("Momentum", { momentum: 0.5, useNesterov: true }).nesterov, true);
});

Deno.test("stockSettings() are read again as they were", () => {
  for (const name of ["Momentum", "RMSProp", "Adadelta", "Adam", "Lion"] as const) {
    const settings = readSettings(name, { momentum: 0.7, nesterov: true, rho: 0.6, beta_1: 0.5 });
    assertEquals(readSettings(name, stockSettings(name, settings)), settings);
  }
});

Deno.test("unusualSettings() shows what is not the default", () => {
  assertEquals(unusualSettings("Adam", { beta_1: Math.fround(0.9), epsilon: 1e-7 }), undefined);
  assertEquals(unusualSettings("Adam", { beta_1: Math.fround(0.8), clipnorm: 1 }), {
    clipnorm: 1,
    beta1: 0.8,
  });
  assertEquals(unusualSettings("Custom", { beta_1: 0.8 }), undefined);
});

Deno.test("optimizerWords() describes an optimizer", () => {
  const settings = { momentum: 0.9 };
  assertEquals(optimizerWords({ name: "Adam" }), "Adam");
  assertEquals(optimizerWords({ name: "Momentum" }), "SGD with momentum");
  assertEquals(optimizerWords({ name: "Momentum", settings }), "SGD with momentum 0.9");
  assertEquals(
    optimizerWords({ name: "Momentum", settings: { ...settings, nesterov: true } }),
    "SGD with Nesterov momentum 0.9",
  );
  assertEquals(optimizerWords({ name: "RMSProp", settings }), "RMSProp with momentum 0.9");
  assertEquals(
    optimizerWords({ name: "Momentum", settings, schedule: "CosineDecay" }),
    "SGD with momentum 0.9 and CosineDecay",
  );
});

Deno.test("readRate() reads a number as it was typed, and the largest rate of a schedule", () => {
  assertEquals(readRate({ learning_rate: 9.999999747378752e-5 }), { rate: 1e-4 });
  assertEquals(readRate({ lr: 0.125 }), { rate: 0.125 });
  assertEquals(readRate({}), null);
  assertEquals(readRate({ learning_rate: "fast" }), null);
  const of = (class_name: string, config: unknown) =>
    readRate({ learning_rate: { class_name, config } })!.rate;
  const decay = { decay_steps: 10, decay_rate: 0.5 };
  assertEquals(of("ExponentialDecay", { initial_learning_rate: 5, ...decay }), 5);
  const warm = { initial_learning_rate: 0, decay_steps: 10, warmup_target: 3, warmup_steps: 5 };
  assertEquals(of("CosineDecay", warm), 3);
  assertEquals(
    of("PiecewiseConstantDecay", { boundaries: [5, 9], values: [0.01, 0.1, 0.001] }),
    0.1,
  );
  assertEquals(
    of("PolynomialDecay", { initial_learning_rate: 0, decay_steps: 5, end_learning_rate: 0.1 }),
    0.1,
  );
  // Custom schedules, and damaged ones.
  assertEquals(of("Noam", { initial_learning_rate: 5 }), null);
  assertEquals(of("ExponentialDecay", { initial_learning_rate: 5 }), null);
  assertEquals(of("ExponentialDecay", null), null);
  assertEquals(of("PiecewiseConstantDecay", { boundaries: [5], values: [1] }), null);
});

Deno.test("shortest() gives the shortest decimal of a float32", () => {
  const values = [1e-4, 0.1, 0.03, 1 / 3, 50, 1e-30, 0];
  assertEquals(values.map((value) => shortest(Math.fround(value))), [
    1e-4,
    0.1,
    0.03,
    0.33333334,
    50,
    1e-30,
    0,
  ]);
  assertEquals(shortest(NaN), NaN);
});
