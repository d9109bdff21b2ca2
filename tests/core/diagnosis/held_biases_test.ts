import { assertEquals } from "@std/assert";
import { describeFix } from "../../../src/core/diagnosis/mod.ts";
import { startEngine, type TensorFlow } from "../../../src/engine/mod.ts";
import { examine } from "../../../src/core/diagnosis/examine/mod.ts";

/** Initial biases of two layers of 32 units. */
interface Start {
  activation: "relu" | "sigmoid";
  /** Number that the biases of the first layer start at, or that is added to their draw. */
  first: number;
  /** Layers whose biases are drawn from the range of PyTorch, as all kernels are; else they are 0. */
  drawn: "second" | "both" | "none";
  /** The activation is a separate layer, as in a program. */
  apart?: boolean;
}

const LAYERS = ["one", "two"];

/** The first cause in two layers of 32 units on random inputs, and its fix. */
async function saidOf(tf: TensorFlow, start: Start): Promise<string> {
  const { activation, first, drawn, apart = false } = start;
  const uniform = (fanIn: number, seed: number) => {
    const limit = 1 / Math.sqrt(fanIn);
    return tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed });
  };
  const model = tf.sequential();
  LAYERS.forEach((name, i) => {
    const fanIn = i === 0 ? 10 : 32;
    const isDrawn = drawn === "both" || drawn === "second" && i === 1;
    model.add(tf.layers.dense({
      name,
      units: 32,
      ...apart ? {} : { activation },
      ...i === 0 ? { inputShape: [10] } : {},
      kernelInitializer: uniform(fanIn, i + 1),
      biasInitializer: isDrawn ? uniform(fanIn, i + 11) : "zeros",
    }));
    if (apart) model.add(tf.layers.activation({ activation }));
  });
  model.add(tf.layers.dense({ name: "head", units: 3, kernelInitializer: uniform(32, 5) }));
  const [kernel, bias] = model.getLayer("one").getWeights();
  model.getLayer("one").setWeights([kernel, tf.add(bias, first)]);
  const inputs = tf.randomNormal([64, 10], 0, 1, "float32", 7);
  const targets = tf.slice(inputs, [0, 0], [64, 3]);
  const { diagnosis, measurements } = await examine(model, { inputs, targets }, {
    objective: "meanSquaredError",
    trial: "off",
  });
  model.dispose();
  const [cause] = diagnosis.causes;
  return cause === undefined
    ? "nothing"
    : `${cause.kind}: ${describeFix(cause.fixes[0], measurements.layers)}`;
}

const BIAS = "bias: Start the bias of one at 0.";

Deno.test("examine() names biases that hold all units, however the other biases are drawn", async (t) => {
  await using engine = await startEngine();
  const held: Record<string, Start> = {
    "constant among zeros": { activation: "relu", first: -20, drawn: "none" },
    "constant among drawn ones": { activation: "relu", first: -20, drawn: "second" },
    "drawn around -20": { activation: "relu", first: -20, drawn: "both" },
    "before a relu of its own": { activation: "relu", first: -20, drawn: "second", apart: true },
    "20 under a sigmoid": { activation: "sigmoid", first: 20, drawn: "none" },
    "20 under a sigmoid, others drawn": { activation: "sigmoid", first: 20, drawn: "second" },
    "drawn around 20": { activation: "sigmoid", first: 20, drawn: "both", apart: true },
  };
  for (const [name, start] of Object.entries(held)) {
    await t.step(name, async () => assertEquals(await saidOf(engine.tf, start), BIAS));
  }
  await t.step("biases drawn around 0 hold nothing", async () => {
    const drawn = await saidOf(engine.tf, { activation: "relu", first: 0, drawn: "both" });
    assertEquals(drawn.startsWith("bias"), false, drawn);
  });
});

Deno.test("a bias counts as what holds units from half of the rms of z on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.add(tf.randomUniform([64, 10], 0, 1, "float32", 7), 1);
  const kindFor = async (share: number) => {
    const layer = tf.layers.dense({ name: "one", units: 32, activation: "relu", inputShape: [10] });
    const second = tf.layers.dense({
      name: "two",
      units: 32,
      activation: "relu",
      biasInitializer: tf.initializers.randomUniform({ minval: -0.17, maxval: 0.17, seed: 3 }),
      kernelInitializer: tf.initializers.randomUniform({
        minval: -0.1767,
        maxval: 0.1767,
        seed: 3,
      }),
    });
    const model = tf.sequential({ layers: [layer, second, tf.layers.dense({ units: 1 })] });
    const kernel = tf.neg(tf.abs(tf.randomNormal([10, 32], 0, 0.1, "float32", 5)));
    const [z] = tf.mean(tf.matMul(inputs, kernel)).dataSync();
    // z = x W + b, and b is a share of its mean.
    layer.setWeights([kernel, tf.fill([32], z * share / (1 - share))]);
    const { diagnosis } = await examine(model, { inputs, targets: tf.ones([64, 1]) }, {
      objective: "meanSquaredError",
      trial: "off",
    });
    model.dispose();
    return diagnosis.causes[0].kind;
  };
  assertEquals([await kindFor(0.4) === "bias", await kindFor(0.6) === "bias"], [false, true]);
  // Kernels alone hold the units off against a bias that would turn them on.
  assertEquals(await kindFor(-1.5) === "bias", false);
});

Deno.test("describeFix() starts the biases of a program by nn.init, as PyTorch has no argument for them", () => {
  const set = (value: number, framework: "pytorch" | "keras") =>
    describeFix({
      kind: "set-bias",
      value,
      weights: [{ layer: "0", weight: "0.bias" }],
      framework,
    }, [{ name: "0", className: "Linear" }]);
  assertEquals(set(0, "pytorch"), "Start the bias of layer `0` at 0, with nn.init.zeros_(m.bias).");
  assertEquals(
    set(1, "pytorch"),
    "Start the bias of layer `0` at 1, with nn.init.constant_(m.bias, 1).",
  );
  assertEquals(set(0, "keras"), "Start the bias of layer `0` at 0.");
});
