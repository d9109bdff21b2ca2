import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { EngineError } from "../../../src/engine/engine.ts";
import { setRunningEngine } from "../../../src/engine/running_engine.ts";
import { exerciseModel, getWeights } from "../../../src/entry/model.ts";
import { assertRefused } from "../../assert_refused.ts";

const engine = await startEngine();
const { tf } = engine;

/** Standard deviation about 0. */
const scale = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

Deno.test("exerciseModel() is the exercise's network by default", () => {
  const model = exerciseModel();
  assertEquals(model.countParams(), 4221);
  assertEquals(
    model.layers.map((layer) => [layer.name, layer.getConfig().activation]),
    [
      ["dense_1", "relu"],
      ...Array.from({ length: 9 }, (_, i) => [`dense_${i + 2}`, "tanh"]),
      ["dense_11", "linear"],
    ],
  );
  assertEquals(model.inputs[0].shape, [null, 20]);
  assertEquals(model.outputs[0].shape, [null, 1]);
  model.dispose();
});

Deno.test("exerciseModel() draws each kernel at its scale and zero biases", () => {
  const model = exerciseModel({ width: 256, depth: 3, std: 7 });
  const weights = getWeights(model);
  // 65536 draws know their standard deviation to 0.3 %; the top has 256, 4.4 %.
  const glorot = Math.sqrt(2 / 512);
  assertAlmostEquals(scale(weights["dense_1/kernel"].values) / glorot, 1, 0.015);
  assertAlmostEquals(scale(weights["dense_2/kernel"].values) / 7, 1, 0.015);
  assertAlmostEquals(scale(weights["dense_3/kernel"].values) / 7, 1, 0.015);
  assertAlmostEquals(scale(weights["dense_4/kernel"].values) / Math.sqrt(2 / 257), 1, 0.2);
  assert(weights["dense_2/bias"].values.every((value) => value === 0));
  model.dispose();
});

Deno.test("exerciseModel() takes any scale down to 0, where every kernel but the first and the last is 0", () => {
  for (const std of [0, 0.5]) {
    const model = exerciseModel({ width: 3, depth: 2, std });
    const kernels = model.layers.map((layer) => [...layer.getWeights()[0].dataSync()]);
    assertEquals(kernels.map((values) => values.every((value) => value === 0)), [
      false,
      std === 0,
      false,
    ]);
    model.dispose();
  }
});

Deno.test("exerciseModel() draws the same for the same seed, whatever was built before", () => {
  const draw = (seed: number, activation = "tanh", std = 200) => {
    const model = exerciseModel({ width: 4, depth: 3, seed, activation, std });
    const { values } = getWeights(model)["dense_2/kernel"];
    model.dispose();
    return values;
  };
  assertEquals(draw(0), draw(0));
  assertEquals(draw(0), draw(0, "selu"));
  assertEquals(draw(0, "tanh", 1).map((value) => value * 2), draw(0, "tanh", 2));
  assertNotEquals(draw(0), draw(1));
  assertNotEquals(draw(-1), draw(1));
});

Deno.test("exerciseModel() leaves the weights and no other tensor", () => {
  const before = tf.memory().numTensors;
  const model = exerciseModel({ depth: 4 });
  assertEquals(tf.memory().numTensors - before, 10);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("exerciseModel() with depth 1 has the relu layer and the top", () => {
  const model = exerciseModel({ depth: 1, width: 1 });
  assertEquals(model.layers.map((layer) => layer.getConfig().activation), ["relu", "linear"]);
  model.dispose();
});

Deno.test("exerciseModel() rejects arguments that make no network", () => {
  assertThrows(
    () => exerciseModel({ dpth: 1 } as never),
    TypeError,
    'exerciseModel has no option "dpth"; did you mean "depth"?',
  );
  assertThrows(() => exerciseModel({ depth: 0 }), InputError, "depth is 0");
  assertThrows(() => exerciseModel({ width: 2.5 }), InputError, "width is 2.5");
  assertThrows(() => exerciseModel({ std: NaN }), InputError, "std is NaN");
  assertThrows(() => exerciseModel({ std: -1 }), InputError, "std is -1");
  assertRefused(
    () => exerciseModel({ seed: 0.5 }),
    { place: "seed", found: "0.5", expected: "an integer below 2^53 in magnitude" },
  );
  assertRefused(
    () => exerciseModel({ activation: "tahn" }),
    { place: "activation", found: '"tahn"', expected: "one that TensorFlow.js has" },
  );
});

Deno.test("exerciseModel() asks for the engine when none runs", () => {
  setRunningEngine(null);
  try {
    assertThrows(() => exerciseModel(), EngineError, "start the engine first");
  } finally {
    setRunningEngine(engine);
  }
});
