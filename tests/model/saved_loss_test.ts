import { ownClassName, readSavedLoss } from "../../src/keras/compile_as_saved.ts";
import type { LossSettings } from "../../src/model/objective.ts";
import { assertEquals } from "@std/assert";

/** Loss of a class, as Keras 3 saves it. */
const saved = (class_name: string, config: Record<string, unknown> = {}) => ({
  class_name,
  config,
  registered_name: null,
});

Deno.test("readSavedLoss() takes the settings that change a loss, and names what it cannot reproduce", () => {
  const focal = "BinaryFocalCrossentropy", crossentropy = "CategoricalCrossentropy";
  const rows: [loss: unknown, read: Omit<LossSettings, "name"> | string][] = [
    ["mse", {}],
    [saved("function", "mean_squared_error" as never), {}],
    [saved("MeanSquaredError", { reduction: "sum_over_batch_size" }), {}],
    [saved("MeanSquaredError", { reduction: "mean_with_sample_weight" }), {}],
    [saved("MeanSquaredError", { reduction: "sum" }), { reduction: "sum" }],
    [saved("MeanSquaredError", { reduction: null }), { reduction: "sum" }],
    [saved("MeanSquaredError", { reduction: "product" }), 'reduction "product"'],
    [saved(crossentropy, { axis: -1, label_smoothing: 0.1 }), { labelSmoothing: 0.1 }],
    [saved(crossentropy, { label_smoothing: 0 }), {}],
    [saved(crossentropy, { axis: 1 }), "axis 1"],
    [saved(crossentropy, { ignore_class: 0 }), "ignore_class"],
    [saved("MeanSquaredError", { label_smoothing: 0.1 }), {}],
    [saved("MeanSquaredError", { from_logits: true }), "from_logits"],
    [saved("BinaryCrossentropy", { label_smoothing: 0.2 }), { labelSmoothing: 0.2 }],
    [saved("Huber", { delta: 2 }), { delta: 2 }],
    [saved("Huber", { delta: 1 }), {}],
    [saved(focal, { alpha: 0.25, gamma: 2, apply_class_balancing: false }), {}],
    [saved(focal, { alpha: 0.5, gamma: 3 }), { alpha: 0.5, gamma: 3 }],
    [saved(focal, { apply_class_balancing: true }), { balanced: true }],
    [saved("MeanSquaredError", { alpha: 0.5, delta: 3 }), {}],
  ];
  for (const [loss, expected] of rows) {
    const { name, settings } = readSavedLoss(loss);
    const { name: _, ...own } = settings ?? { name };
    const said = settings === null ? name.replace(/^.* with /, "") : own;
    assertEquals(said, expected, JSON.stringify(loss));
  }
  assertEquals(
    readSavedLoss(saved(crossentropy, { from_logits: true })).settings?.name,
    "categoricalCrossentropyFromLogits",
  );
});

Deno.test("readSavedLoss() tells a Huber loss that may have another delta, and a class of the program", () => {
  const lacksDelta = (loss: unknown) => readSavedLoss(loss).lacksDelta;
  assertEquals([saved("Huber"), saved("Huber", { delta: 1 }), "huber"].map(lacksDelta), [
    true,
    false,
    false,
  ]);
  assertEquals(lacksDelta(saved("MeanSquaredError")), false);
  const own = { ...saved("MyLoss"), registered_name: "my>MyLoss" };
  assertEquals([ownClassName(own), readSavedLoss(own).settings], ["my>MyLoss", null]);
  assertEquals(ownClassName({ ...own, class_name: "function" }), null);
  assertEquals(readSavedLoss(saved("NoSuchLoss")), { name: "NoSuchLoss", settings: null });
  assertEquals(readSavedLoss({}).name, "a loss without a name");
});
