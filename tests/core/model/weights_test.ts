import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../../src/engine/mod.ts";
import {
  exerciseModel,
  getWeights,
  modelWeights,
  rescaleWeights,
  setWeights,
} from "../../../src/entry/model.ts";
import { assertRefused } from "../../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("setWeights() and getWeights() round trip any float32, in any subset of weights", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const before = getWeights(model);
  const float = fc.float({ noDefaultInfinity: false });
  fc.assert(
    fc.property(
      fc.record({
        "dense_1/kernel": fc.array(float, { minLength: 9, maxLength: 9 }),
        "dense_2/bias": fc.array(float, { minLength: 3, maxLength: 3 }),
      }, { requiredKeys: [] }),
      (weights) => {
        setWeights(model, before);
        setWeights(model, weights as Record<string, number[]>);
        const after = getWeights(model);
        for (const name of Object.keys(before)) {
          const expected = (weights as Record<string, number[]>)[name] ?? before[name].values;
          assertEquals(after[name].values, Float32Array.from(expected));
        }
      },
    ),
  );
  model.dispose();
});

Deno.test("setWeights() reaches a forward pass and leaves no tensor behind", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const inputs = tf.ones([4, 3]);
  const predict = () =>
    tf.tidy(() => (model.predict(inputs) as ReturnType<typeof tf.tensor>).dataSync());
  predict();
  const tensors = tf.memory().numTensors;
  const ones = new Float32Array(9).fill(1);
  setWeights(model, {
    "dense_1/kernel": ones,
    "dense_2/kernel": { shape: [3, 3], values: new Float32Array(9) },
    "dense_3/bias": [7],
  });
  assertEquals([...predict()], [7, 7, 7, 7]);
  assertEquals(tf.memory().numTensors, tensors);
  ones.fill(5);
  assertEquals(getWeights(model)["dense_1/kernel"].values[0], 1);
  tf.dispose([inputs]);
  model.dispose();
});

Deno.test("setWeights() sets nothing when one of the weights is wrong", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const before = getWeights(model);
  const good = { "dense_1/bias": [1, 2, 3] };
  const cases: [Record<string, unknown>, typeof TypeError | typeof InputError, string][] = [
    [
      { "dense_1/kernal": [] },
      TypeError,
      'The model has no weight "dense_1/kernal"; did you mean "dense_1/kernel"?',
    ],
    [
      { "zzz": [] },
      TypeError,
      'The model has no weight "zzz", expected one of dense_1/kernel, dense_1/bias, dense_2/kernel, ' +
      "dense_2/bias, dense_3/kernel, dense_3/bias",
    ],
    [
      { "dense_2/bias": [1, 2] },
      InputError,
      'The value of weight "dense_2/bias" has 2 entries, expected 3 for shape [3]',
    ],
    [
      { "dense_2/kernel": { shape: [9], values: new Float32Array(9) } },
      InputError,
      'The shape of weight "dense_2/kernel" is [9], expected [3,3]',
    ],
    [
      { "dense_2/bias": [1, "2", 3] },
      TypeError,
      'The value of weight "dense_2/bias", entry 1, is "2", expected numbers',
    ],
    [
      { "dense_2/bias": { shape: [3] } },
      TypeError,
      'The value of weight "dense_2/bias" is undefined, expected numbers',
    ],
  ];
  for (const [wrong, kind, message] of cases) {
    const error = assertThrows(() => setWeights(model, { ...good, ...wrong } as never), kind);
    assertEquals(error.message, message);
    assertEquals(getWeights(model), before);
  }
  model.dispose();
});

Deno.test("getWeights() gives copies and covers nested models, cells and moving statistics", () => {
  const model = tf.sequential({
    layers: [
      tf.sequential({
        name: "encoder",
        layers: [tf.layers.lstm({ name: "lstm", units: 2, inputShape: [3, 1] })],
      }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  const weights = getWeights(model);
  assertEquals(Object.keys(weights), [
    "encoder/lstm/kernel",
    "encoder/lstm/recurrent_kernel",
    "encoder/lstm/bias",
    "bn/gamma",
    "bn/beta",
    "bn/moving_mean",
    "bn/moving_variance",
  ]);
  assertEquals(weights["encoder/lstm/kernel"].layer, "encoder/lstm");
  assertEquals(weights["bn/gamma"].values, new Float32Array([1, 1]));
  weights["bn/gamma"].values[0] = 3;
  assertEquals(getWeights(model)["bn/gamma"].values[0], 1);
  model.dispose();
});

Deno.test("rescaleWeights() multiplies kernels, leaves the rest, and leaks nothing", () => {
  const model = exerciseModel({ width: 3, depth: 3 });
  setWeights(model, { "dense_2/bias": [1, 2, 3] });
  const before = getWeights(model);
  const tensors = tf.memory().numTensors;
  assertEquals(rescaleWeights(model, -0.5, { layers: /_[23]$/g }), [
    "dense_2/kernel",
    "dense_3/kernel",
  ]);
  const after = getWeights(model);
  for (const [name, { values }] of Object.entries(before)) {
    const factor = ["dense_2/kernel", "dense_3/kernel"].includes(name) ? -0.5 : 1;
    assertEquals(after[name].values, values.map((value) => value * factor));
  }
  assertEquals(tf.memory().numTensors, tensors);
  model.dispose();
});

Deno.test("rescaleWeights() rescales biases too when asked, and named layers only", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  setWeights(model, { "dense_2/bias": [1, 2, 3] });
  assertEquals(rescaleWeights(model, 2, { kernelsOnly: false, layers: ["dense_2"] }), [
    "dense_2/kernel",
    "dense_2/bias",
  ]);
  assertEquals(getWeights(model)["dense_2/bias"].values, new Float32Array([2, 4, 6]));
  assertEquals(rescaleWeights(model, 2).length, 3);
  model.dispose();
});

Deno.test("rescaleWeights() refuses a factor it could not take back, and unknown layers", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const before = getWeights(model);
  for (const factor of [0, NaN, Infinity, "2" as unknown as number]) {
    assertThrows(
      () => rescaleWeights(model, factor),
      InputError,
      `factor is ${
        typeof factor === "string" ? '"2"' : factor
      }, expected a finite number other than 0`,
    );
  }
  assertThrows(() => rescaleWeights(model, 2, { layers: ["dense_2", "x"] }), TypeError, '"x"');
  assertRefused(
    () => rescaleWeights(model, 2, { layers: /x/ }),
    { place: "layers", found: "/x/", expected: "a pattern that matches a layer with weights" },
  );
  assertEquals(getWeights(model), before);
  model.dispose();
});

Deno.test("setWeights() never writes into the tensor that a weight had", () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const dataIds = () => modelWeights(model).map(({ variable }) => variable.read().dataId);
  const before = dataIds();
  setWeights(model, { "dense_1/kernel": new Float32Array(9) });
  rescaleWeights(model, 2, { layers: ["dense_2"] });
  const after = dataIds();
  assertNotEquals(after[0], before[0]);
  assertStrictEquals(after[1], before[1]);
  assertNotEquals(after[2], before[2]);
  model.dispose();
});
