import { assertEquals, AssertionError, assertRejects, assertStringIncludes } from "@std/assert";
import {
  assertScaleFree,
  type CreateSibling,
} from "../../../src/study/growth/assert_scale_free.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { createModel } from "../../../examples/growing.ts";

/** Learns faster the wider it is. */
const standard: CreateSibling = ({ tf, seed, width }) => {
  const kernelInitializer = () => tf.initializers.heNormal({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: width,
        activation: "relu",
        inputShape: [8],
        kernelInitializer: kernelInitializer(),
      }),
      tf.layers.dense({
        units: width,
        activation: "relu",
        kernelInitializer: kernelInitializer(),
      }),
      tf.layers.dense({ units: 4, kernelInitializer: kernelInitializer() }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  return model;
};

Deno.test("assertScaleFree() passes a network that grows by the rules", async () => {
  await using _engine = await startEngine();
  const { level, growth } = await assertScaleFree(createModel, {
    widths: [32, 64, 128],
    depths: [2, 4, 8],
    seeds: 2,
  });
  assertEquals(level, "flat");
  // Three depths at which it grows in width, and three widths.
  assertEquals(growth.map(({ axis, at }) => [axis, at]), [
    ["width", 2],
    ["width", 4],
    ["width", 8],
    ["depth", 32],
    ["depth", 64],
    ["depth", 128],
  ]);
});

Deno.test("assertScaleFree() names the layer, the slope and a fix that was tried", async () => {
  await using _engine = await startEngine();
  const sizes = { widths: [32, 64, 128], seeds: 2, msg: "See the handbook." };
  const { message } = await assertRejects(() => assertScaleFree(standard, sizes), AssertionError);
  assertStringIncludes(message, "Error in `dense_2` over width 32 to 128: ");
  assertStringIncludes(message, "Fix, tried on all siblings");
  assertStringIncludes(message, "dense_2: learning rate x width^-1");
  assertStringIncludes(message, "See the handbook.");
});

Deno.test("assertScaleFree() passes a warning, and fails on it if it is strict", async () => {
  await using engine = await startEngine();
  /** Its first activations grow as the width to the power of 0.35. */
  const growing: CreateSibling = (options) => {
    const model = createModel(options);
    const [entering] = model.layers.filter(({ weights }) => weights.length > 0);
    const factor = (options.width / 32) ** 0.35;
    entering.setWeights(entering.getWeights().map((weight) => engine.tf.mul(weight, factor)));
    return model;
  };
  const sizes = { widths: [32, 64, 128], seeds: 2 };
  assertEquals((await assertScaleFree(growing, sizes)).level, "warning");
  await assertRejects(
    () => assertScaleFree(growing, { ...sizes, strict: true }),
    AssertionError,
    "Warning in `sum_2` over width 32 to 128: ",
  );
  const { level } = await assertScaleFree(createModel, { ...sizes, strict: true });
  assertEquals(level, "flat");
});

Deno.test("assertScaleFree() rejects other arguments", async () => {
  await assertRejects(() => assertScaleFree(null as never, { widths: [1, 2] }), Error, "create");
  await assertRejects(
    () => assertScaleFree(standard, { width: [1, 2] } as never),
    Error,
    'unknown key "width"',
  );
  await assertRejects(() => assertScaleFree(standard, { widths: [8] }), Error, "two widths");
  await assertRejects(
    () => assertScaleFree(standard, { widths: [8, 8] }),
    Error,
    "widths",
  );
});
