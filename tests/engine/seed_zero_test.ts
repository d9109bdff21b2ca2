import { assertEquals, assertNotEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { Tensor1D } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

function read(tensor: Tensor): number[] {
  const values = [...tensor.dataSync()];
  tensor.dispose();
  return values;
}

const FLOAT = "float32" as const;

/** Everything that TensorFlow.js draws from a seed. */
const DRAWS: Record<string, (tf: TensorFlow, seed?: number) => Tensor> = {
  randomNormal: (tf, seed) => tf.randomNormal([16], 0, 1, FLOAT, seed),
  truncatedNormal: (tf, seed) => tf.truncatedNormal([16], 0, 1, FLOAT, seed),
  randomStandardNormal: (tf, seed) => tf.randomStandardNormal([16], FLOAT, seed),
  randomGamma: (tf, seed) => tf.randomGamma([16], 2, 2, FLOAT, seed),
  randomUniform: (tf, seed) => tf.randomUniform([16], 0, 1, FLOAT, seed),
  randomUniformInt: (tf, seed) => tf.randomUniformInt([16], 0, 1000, seed!),
  multinomial: (tf, seed) => tf.tidy(() => tf.multinomial(tf.zeros([50]) as Tensor1D, 16, seed)),
  dropout: (tf, seed) => tf.tidy(() => tf.dropout(tf.ones([64]), 0.5, undefined, seed)),
  "dropout layer": (tf, seed) =>
    tf.tidy(() =>
      tf.layers.dropout({ rate: 0.5, seed }).apply(tf.ones([64]), { training: true }) as Tensor
    ),
};
for (
  const name of [
    "glorotNormal",
    "glorotUniform",
    "heNormal",
    "heUniform",
    "leCunNormal",
    "leCunUniform",
    "orthogonal",
    "randomNormal",
    "randomUniform",
    "truncatedNormal",
  ] as "heNormal"[]
) {
  DRAWS[`initializers.${name}`] = (tf, seed) =>
    tf.initializers[name]({ seed: seed! }).apply([4, 4]);
}
for (const distribution of ["normal", "uniform", "truncatedNormal"] as const) {
  DRAWS[`initializers.varianceScaling, ${distribution}`] = (tf, seed) =>
    tf.initializers.varianceScaling({ scale: 1, mode: "fanIn", distribution, seed }).apply([4, 4]);
}

for (const [name, draw] of Object.entries(DRAWS)) {
  Deno.test(`${name} draws from seed 0 as from any other`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const drawn = read(draw(tf, 0));
    assertEquals(read(draw(tf, 0)), drawn);
    assertEquals(read(draw(tf, -0)), drawn);
    assertNotEquals(read(draw(tf, 1)), drawn);
    assertEquals(read(draw(tf, 1)), read(draw(tf, 1)));
    assertNotEquals(read(draw(tf)), read(draw(tf)));
  });
}

Deno.test("a layer of seed 0 keeps its seed, and draws the same weights each time", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernelInitializer = tf.initializers.heNormal({ seed: 0 });
  const kernels = [1, 2].map(() => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 4, inputShape: [4], kernelInitializer })],
    });
    const values = [...model.getWeights()[0].dataSync()];
    model.dispose();
    return values;
  });
  assertEquals(kernels[0], kernels[1]);
  assertEquals(kernelInitializer.getConfig().seed, 0);
});

Deno.test("tf of an engine is the module but for what it draws, and initialisers are put back", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const module = await import("@tensorflow/tfjs");
  assertEquals(Object.keys(tf), Object.keys(module));
  const changed = Object.keys(tf).filter((key) => tf[key as "add"] !== module[key as "add"]);
  assertEquals(changed.filter((key) => !(key in DRAWS)), []);
  const { prototype } = tf.serialization.SerializationMap.getMap().classNameMap.RandomNormal[0];
  const repaired = prototype.apply;
  await engine.stop();
  assertNotEquals(prototype.apply, repaired);
});
