import { InputError } from "../../src/words/input_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import {
  requireMeasurable,
  requireMeasureOptions,
  requireModelBatch,
} from "../../src/measure/require_arguments.ts";
import { exerciseModel } from "../../src/load/mod.ts";
import { assertRefused } from "../assert_refused.ts";

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
    assertEquals(
      assertThrows(() => requireMeasurable(model, batch as never), TypeError).message,
      `batch is ${what}, expected { inputs, targets } of tensors`,
    );
  }
  for (const seed of [undefined, null, 0, 3]) {
    requireMeasurable(model, { inputs: tensor, seed } as never);
  }
  assertThrows(
    () => requireMeasurable(model, { inputs: tensor, seed: "3" } as never),
    TypeError,
    "batch.seed is ",
  );
  tensor.dispose();
  model.dispose();
});

Deno.test("requireMeasureOptions() takes what each option is for, and nothing beside it", () => {
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
    ["source", [null, "", "a"], [0, true], "a string or null"],
    ["seed", [null, 0, -1, 2 ** 53 - 1], [0.5, 2 ** 53, "0"], "an integer or null"],
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
  assertEquals(
    assertThrows(
      () => requireMeasureOptions({ penalties: true }, "other", ["seed", "mine"]),
      TypeError,
    )
      .message,
    "other() has no option penalties, expected seed, mine",
  );
  // What is undefined is not there.
  requireMeasureOptions({ penalties: undefined }, "other", ["seed"]);
  for (const value of [null, 1, "x"]) {
    assertThrows(() => requireMeasureOptions(value as never), TypeError, "options is ");
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
    assertEquals(
      assertThrows(() => requireModelBatch(model, [other], null), InputError).message,
      `batch.inputs[0] has shape [${
        other.shape.join(", ")
      }], expected [any, any, 3] as the input ` +
        '"in" of model m has',
    );
  }
  const message = (...args: Parameters<typeof requireModelBatch>) =>
    assertThrows(() => requireModelBatch(...args), InputError).message;
  assertEquals(
    message(model, [fits, fits], null),
    "batch.inputs has 2, expected 1 as model m has",
  );
  assertEquals(
    message(model, [fits], [fewer]),
    "batch has tensors with 2 and 1 examples, expected the same first axis for all",
  );
  assertEquals(message(model, [none], null), "batch has 0 examples, expected at least 1");
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
    assertThrows(
      () => requireModelBatch(model, [fits], [strange as never]),
      TypeError,
      "among its tensors, expected only tensors",
    );
  }
  tf.dispose(made);
  model.dispose();
});
