import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import {
  requireMeasurable,
  requireMeasureOptions,
  requireModelBatch,
} from "../../../src/core/measure/plan_pass.ts";
import { exerciseModel } from "../../../src/entry/model.ts";
import { assertRefused, parts, partsOf } from "../../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("requireMeasurable() says what is there in place of a batch", () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  const tensor = tf.ones([2, 2]);
  const cases: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [tensor, "a tensor"],
    [[tensor], "an array"],
    [7, "a number"],
    ["x", "a string"],
    [{}, "another object"],
    [{ x: 1 }, "{ x }"],
    [{ x: 1, y: 2, z: 3 }, "{ x, y, z }"],
    [{ x: 1, y: 2, z: 3, w: 4 }, "another object"],
    [{ inputs: undefined }, "{ inputs }"],
    [{ inputs: null, targets: null }, "{ inputs, targets }"],
  ];
  for (const [batch, what] of cases) {
    assertRefused(
      () => requireMeasurable(model, batch as never),
      parts("batch", what, "{ inputs, targets } of tensors"),
    );
  }
  for (const seed of [undefined, null, 0, 3]) {
    requireMeasurable(model, { inputs: tensor, seed } as never);
  }
  assertRefused(
    () => requireMeasurable(model, { inputs: tensor, seed: "3" } as never),
    parts("batch.seed", '"3"', "a number"),
  );
  tensor.dispose();
  model.dispose();
});

Deno.test("requireMeasureOptions() accepts the valid values of each option, and no others", () => {
  const cases: [option: string, taken: unknown[], refused: unknown[], expected: string][] = [
    [
      "batchNormalization",
      ["inference", "training"],
      [null, true, "test"],
      '"inference" or "training"',
    ],
    ["penalties", [true, false], [null, 0, "true"], "true or false"],
    ["histograms", [true, false], [null, 1, "false"], "true or false"],
    [
      "microBatch",
      ["auto", 1, 2, 2 ** 53 - 1],
      [null, 0, -1, 1.5, 2 ** 53, "1", Infinity],
      '"auto" or a whole number of at least 1',
    ],
    ["source", [null, "", "a"], [0, true], "a text"],
    ["seed", [null, 0, -1, 2 ** 53 - 1], [0.5, 2 ** 53, "0"], "a whole number"],
    ["onProgress", [() => {}], [null, true, {}], "a function"],
  ];
  for (const [option, taken, refused, expected] of cases) {
    for (const value of [undefined, ...taken]) requireMeasureOptions({ [option]: value });
    for (const value of refused) {
      const { message } = assertThrows(() => requireMeasureOptions({ [option]: value }), TypeError);
      assertEquals(
        [message.startsWith(`${option} is `), message.endsWith(`, expected ${expected}`)],
        [true, true],
        message,
      );
    }
  }
});

Deno.test("requireMeasureOptions() refuses options that the caller does not take, those of measure() too", () => {
  requireMeasureOptions({ seed: 1, objective: "sum" }, "other", ["seed", "objective"]);
  requireMeasureOptions({ mine: {} } as never, "other", ["mine"]);
  assertRefused(
    () => requireMeasureOptions({ penalties: true }, "other", ["seed", "mine"]),
    parts("other", '"penalties"', "one of seed, mine"),
  );
  // An undefined option is absent.
  requireMeasureOptions({ penalties: undefined }, "other", ["seed"]);
  for (const value of [null, 1, "x"]) {
    assertRefused(
      () => requireMeasureOptions(value as never),
      parts("options", JSON.stringify(value), "an object"),
    );
  }
});

Deno.test("requireModelBatch() compares every size with the model's, and the examples of all tensors", () => {
  const input = tf.input({ shape: [null, 3], name: "in" });
  const model = tf.model({
    inputs: input,
    outputs: tf.layers.dense({ units: 1 }).apply(input) as typeof input,
    name: "m",
  });
  const made = [[2, 5, 3], [2, 1], [1, 1], [0, 5, 3], [2, 5, 4], [2, 5], [2, 5, 3, 1]]
    .map((shape) => tf.zeros(shape));
  const [fits, targets, fewer, none, ...others] = made;
  assertEquals(requireModelBatch(model, [fits], null), 2);
  assertEquals(requireModelBatch(model, [fits], [targets]), 2);
  for (const other of others) {
    const found = `shape [${other.shape.join(", ")}]`;
    assertRefused(
      () => requireModelBatch(model, [other], null),
      parts("batch.inputs[0]", found, '[any, any, 3] as the input "in" of model m has'),
    );
  }
  const refusal = (...args: Parameters<typeof requireModelBatch>) =>
    partsOf(assertThrows(() => requireModelBatch(...args), InputError));
  assertEquals(
    refusal(model, [fits, fits], null),
    parts("batch.inputs", "2", "1 as model m has"),
  );
  assertEquals(
    refusal(model, [fits], [fewer]),
    parts("batch", "tensors with 2 and 1 examples", "the same first axis for all"),
  );
  assertEquals(refusal(model, [none], null), parts("batch", "0 examples", "at least 1"));
  fewer.dispose();
  assertRefused(
    () => requireModelBatch(model, [fits], [fewer]),
    {
      place: "batch",
      found: "a tensor that was disposed of",
      expected: "a live one: its shape is [1, 1]",
    },
  );
  for (const strange of [null, 3, { shape: [2] }, { shape: 2, dataSync() {} }]) {
    const shown = strange === null || typeof strange === "number" ? `${strange}` : "an object";
    assertRefused(
      () => requireModelBatch(model, [fits], [strange as never]),
      parts("batch", `${shown} among its tensors`, "only tensors"),
    );
  }
  tf.dispose(made);
  model.dispose();
});
