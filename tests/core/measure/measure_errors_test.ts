import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { measure, MeasureError, type Objective } from "../../../src/entry/measure.ts";
import { runPass } from "../../../src/core/measure/pass.ts";
import type { Batch } from "../../../src/entry/model.ts";
import { dense, leavesNoTensors, small, uniform } from "../../networks/small_models.ts";

const { tf } = await startEngine();

const REFUSED: [string, Batch | (() => Batch), object, string][] = [
  [
    "an input of another width",
    () => ({ inputs: tf.zeros([2, 3]) }),
    {},
    "batch.inputs[0] has shape [2, 3], expected [any, 4]",
  ],
  [
    "an input of another rank",
    () => ({ inputs: tf.zeros([2, 4, 1]) }),
    {},
    "batch.inputs[0] has shape [2, 4, 1], expected [any, 4]",
  ],
  [
    "too many inputs",
    () => ({ inputs: [tf.zeros([2, 4]), tf.zeros([2, 4])] }),
    {},
    "batch.inputs has 2, expected 1",
  ],
  [
    "no example",
    () => ({ inputs: tf.zeros([0, 4]) }),
    {},
    "batch has 0 examples, expected at least 1",
  ],
  [
    "targets of another length",
    () => ({ inputs: tf.zeros([2, 4]), targets: tf.zeros([3, 2]) }),
    {},
    "2 and 3 examples",
  ],
  [
    "tensors that are gone",
    () => {
      const inputs = tf.zeros([2, 4]);
      inputs.dispose();
      return { inputs };
    },
    {},
    "batch has a tensor that was disposed of, expected a live one: its shape is [2, 4]",
  ],
  [
    "plain numbers",
    { inputs: [1, 2] as unknown as Tensor[] },
    {},
    "batch has 1 among its tensors, expected only tensors",
  ],
  [
    "no batch",
    undefined as never,
    {},
    "batch is undefined, expected { inputs, targets } of tensors",
  ],
  [
    "a tensor for a batch",
    () => tf.zeros([2, 4]) as never,
    {},
    "batch is a tensor, expected { inputs, targets } of tensors",
  ],
  [
    "a batch of other names",
    () => ({ x: tf.zeros([2, 4]) }) as never,
    {},
    "batch is { x }, expected { inputs, targets } of tensors",
  ],
  [
    "a loss without targets",
    () => ({ inputs: tf.zeros([2, 4]) }),
    { objective: "hinge" },
    "batch has no targets for the objective hinge, expected { inputs, targets }, as " +
    "randomBatch(model, { objective }) draws them",
  ],
  [
    "an unknown objective",
    () => ({ inputs: tf.zeros([2, 4]) }),
    { objective: "hing" },
    'options.objective is "hing", expected "sum", a function, or one of meanSquaredError, meanAbsoluteError,',
  ],
  [
    "an objective that is no scalar",
    () => ({ inputs: tf.zeros([2, 4]) }),
    {
      objective: (o: Tensor[]) => o[0],
    },
    "The objective objective returned a tensor of shape [2, 2] and dtype float32, expected a scalar of dtype",
  ],
];

for (const [what, batch, options, message] of REFUSED) {
  Deno.test(`measure() refuses ${what} in one sentence and frees everything`, async () => {
    const model = small();
    const given = typeof batch === "function" ? batch() : batch;
    await leavesNoTensors(() =>
      assertRejects(
        () => measure(model, given, options as { objective: Objective }),
        Error,
        message,
      )
    );
    model.dispose();
    tf.dispose(given as never);
  });
}

Deno.test("measure() refuses what is no model, and a model that was disposed of", async () => {
  const inputs = uniform([2, 4]);
  for (
    const [value, kind] of [[undefined, "undefined"], [inputs, "a tensor"], [[], "an empty array"]]
  ) {
    await assertRejects(
      () => measure(value as never, { inputs }),
      TypeError,
      `model is ${kind}, expected a layers model`,
    );
  }
  const model = small();
  const bare = small();
  await measure(model, { inputs });
  model.dispose();
  // The weights alone, as tf.disposeVariables() has it.
  for (const weight of bare.weights) weight.read().dispose();
  for (const gone of [model, bare]) {
    await assertRejects(
      () => measure(gone, { inputs }),
      TypeError,
      `model is "${gone.name}", a model that was disposed of`,
    );
  }
  inputs.dispose();
});

Deno.test("measure() names an objective that throws, whatever it throws", async () => {
  const model = tf.sequential({ layers: [dense(2, "tanh", { inputShape: [4] })] });
  const inputs = uniform([5, 4]);
  for (const thrown of [new Error("no"), new RangeError("no"), new TypeError("no")]) {
    const objective = function mine(): never {
      throw thrown;
    };
    await assertRejects(
      () => measure(model, { inputs }, { objective }),
      MeasureError,
      "The objective mine cannot be evaluated or differentiated: no",
    );
  }
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() refuses options that it does not know, and a model that is being measured", async () => {
  const model = small();
  const inputs = uniform([6, 4]);
  const refuse = async (options: object, message: string) => {
    await assertRejects(() => measure(model, { inputs }, options), Error, message);
  };
  await refuse(
    { objectiv: "sum" },
    'measure has no option "objectiv"; did you mean "objective"?',
  );
  await refuse({ batchNormalization: "trainig" }, 'expected "inference" or "training"');
  await refuse({ penalties: "no" }, 'penalties is "no", expected true or false');
  await refuse({ seed: 1.5 }, "seed is 1.5, expected a whole number");
  await refuse({ objective: null }, 'options.objective is null, expected "sum", a function');
  const engine = await startEngine();
  let inner: unknown;
  await measure(model, { inputs }, {
    onProgress: () => {
      try {
        runPass(engine, model, { inputs }, {});
      } catch (error) {
        inner = error;
      }
    },
  });
  assertMatch((inner as Error).message, /is being measured/);
  await engine.stop();
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() refuses a batch without entries", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [0] })] });
  const inputs = tf.zeros([3, 0]);
  const { message } = await assertRejects(() => measure(model, { inputs }), InputError);
  assertEquals(message, "batch.inputs[0] has shape [3, 0], expected at least one entry");
  tf.dispose(inputs);
  model.dispose();
});
