import { assertEquals } from "@std/assert";
import { deadUnits } from "../../src/core/rules/signal/dead_units.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { getWeights, setWeights } from "../../src/core/model/weights/model_weights.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";

type Symbolic = ReturnType<TensorFlow["input"]>;

const he = (tf: TensorFlow, seed: number, layer: number) =>
  tf.initializers.heNormal({ seed: 100 * seed + layer });

/** The mean over the image is nearly the same for every example: half of the gate's 8 units are off. */
function squeezeExcite(tf: TensorFlow, seed: number): LayersModel {
  const layers = tf.layers;
  const apply = (layer: { apply(x: Symbolic): unknown }, x: Symbolic) => layer.apply(x) as Symbolic;
  const input = tf.input({ shape: [12, 12, 3] });
  const maps = apply(
    layers.conv2d({
      filters: 32,
      kernelSize: 3,
      activation: "relu",
      kernelInitializer: he(tf, seed, 1),
    }),
    input,
  );
  const squeezed = apply(layers.globalAveragePooling2d({}), maps);
  const kernelInitializer = he(tf, seed, 2);
  const gate = apply(
    layers.dense({ name: "gate", units: 8, activation: "relu", kernelInitializer }),
    squeezed,
  );
  const excited = apply(
    layers.dense({
      units: 32,
      activation: "sigmoid",
      kernelInitializer: tf.initializers.glorotUniform({ seed: 100 * seed + 3 }),
    }),
    gate,
  );
  const product = layers.multiply().apply([squeezed, excited]) as Symbolic;
  const head = layers.dense({ units: 1, kernelInitializer: he(tf, seed, 4) });
  return tf.model({ inputs: input, outputs: apply(head, product) });
}

/** The maxima of a window are all above 0, and alike. */
function pooled(tf: TensorFlow, seed: number): LayersModel {
  const convolution = (filters: number, layer: number) =>
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      activation: "relu",
      kernelInitializer: he(tf, seed, layer),
      ...(layer === 1 ? { inputShape: [16, 16, 3] } : {}),
    });
  return tf.sequential({
    layers: [
      convolution(16, 1),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      convolution(32, 2),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({
        name: "gate",
        units: 64,
        activation: "relu",
        kernelInitializer: he(tf, seed, 3),
      }),
      tf.layers.dense({ units: 1, kernelInitializer: he(tf, seed, 4) }),
    ],
  });
}

/** Depth makes them alike, whatever normalises each of them. */
function deep(tf: TensorFlow, seed: number): LayersModel {
  const model = tf.sequential();
  for (let layer = 1; layer <= 10; layer++) {
    const name = layer === 10 ? "gate" : `dense_${layer}`;
    const shape = layer === 1 ? { inputShape: [20] } : {};
    const kernelInitializer = he(tf, seed, layer);
    model.add(tf.layers.dense({ name, units: 64, kernelInitializer, ...shape }));
    model.add(tf.layers.layerNormalization());
    model.add(layer % 2 === 0 ? tf.layers.reLU() : tf.layers.activation({ activation: "relu6" }));
  }
  model.add(tf.layers.dense({ units: 1, kernelInitializer: he(tf, seed, 11) }));
  return model;
}

const NETWORKS = { squeezeExcite, pooled, deep };
type Network = keyof typeof NETWORKS;

/** The worst that is said of each draw. */
async function judge(
  name: Network,
  seeds: number,
  spoil: (model: LayersModel) => void = () => {},
): Promise<string[]> {
  await using engine = await startEngine();
  const { tf } = engine;
  const found: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const model = NETWORKS[name](tf, seed);
    spoil(model);
    const batch = randomBatch(model, { seed });
    const severities = deadUnits.run(await measure(model, batch))
      .map(({ severity }) => severity as string);
    found.push(["error", "warning"].find((one) => severities.includes(one)) ?? "none");
    tf.dispose(batch.inputs);
    model.dispose();
  }
  return found;
}

for (const name of Object.keys(NETWORKS) as Network[]) {
  Deno.test(`deadUnits finds nothing in 50 draws of an untrained network: ${name}`, async () => {
    assertEquals(await judge(name, 50), Array(50).fill("none"));
  });
}

const edit = (weight: string, change: (value: number, index: number) => number) =>
(
  model: LayersModel,
) => setWeights(model, { [weight]: getWeights(model)[weight].values.map(change) });

/**
 * Faults that switch units off, other than the similarity of the examples. Where all units of a
 * gate are off, the signal bypasses it, which is a warning.
 */
const SPOILS: [string, Network[], (model: LayersModel) => void][] = [
  ["a bias of -5", ["squeezeExcite", "pooled"], edit("gate/bias", () => -5)],
  ["a bias of -1", ["squeezeExcite"], edit("gate/bias", () => -1)],
  [
    "biases that switch two in three units off",
    ["squeezeExcite", "pooled"],
    edit("gate/bias", (_, unit) => unit % 3 === 0 ? 0 : -5),
  ],
  [
    "a kernel that is negative in the mean",
    ["squeezeExcite", "pooled"],
    edit("gate/kernel", (value) => value - 0.2),
  ],
];

for (const [what, names, spoil] of SPOILS) {
  for (const name of names) {
    Deno.test(`deadUnits fails a network whatever its examples for ${what}: ${name}`, async () => {
      const isGate = name === "squeezeExcite";
      const found = await judge(name, 6, spoil);
      if (isGate) assertEquals(found.includes("none"), false);
      else assertEquals(found, Array(6).fill("error"));
    });
  }
}
