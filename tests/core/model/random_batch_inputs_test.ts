import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { bytesOf, withFile } from "../../keras/files/fixtures.ts";
import { draw } from "./draw_batch.ts";
import { takesPixels } from "../../../src/core/model/batches/random_batch.ts";

const { tf } = await startEngine();
const { Normalization } = kerasLayers(tf);

/** A layer for features of such means and variances. */
const normalization = (mean: number | number[], variance: number | number[], more = {}) =>
  new Normalization({ mean, variance, ...more });

/** Mean and deviation of every `count`-th of some values, from each place on. */
function momentsOf(values: number[], count: number): [mean: number, std: number][] {
  return Array.from({ length: count }, (_, place) => {
    const own = values.filter((_, i) => i % count === place);
    const mean = own.reduce((a, b) => a + b) / own.length;
    return [mean, Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length)];
  });
}

Deno.test("randomBatch() draws inputs that a Normalization makes standard normal, feature by feature", () => {
  const wanted: [number, number][] = [[127, 60], [-3, 0.5], [1e4, 2]];
  const means = wanted.map(([m]) => m);
  const variances = wanted.map(([, std]) => std ** 2);
  const layer = normalization(means, variances, { inputShape: [3] });
  const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 2 })] });
  const [{ values }] = draw(model, { examples: 4000 });
  momentsOf(values, 3).forEach(([mean, std], i) => {
    // Five standard errors.
    assertAlmostEquals(mean, wanted[i][0], 5 * wanted[i][1] / Math.sqrt(4000));
    assertAlmostEquals(std / wanted[i][1], 1, 5 / Math.sqrt(8000));
  });
  const [plain] = draw(
    tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] }),
    {
      examples: 4000,
    },
  );
  const out = tf.tidy(() =>
    (layer.apply(tf.tensor2d(values, [4000, 3])) as never as { dataSync(): Float32Array })
      .dataSync()
  );
  // Every other model gets the same inputs.
  out.forEach((value, i) => assertAlmostEquals(value, plain.values[i], i % 3 === 2 ? 1e-3 : 1e-4));
  model.dispose();
});

Deno.test("randomBatch() draws whole numbers of that mean for an integer input", () => {
  const input = tf.input({ shape: [2], dtype: "int32" });
  const model = tf.model({
    inputs: input,
    outputs: normalization(100, 400).apply(input) as never,
  });
  const [{ values, dtype }] = draw(model, { examples: 2000 });
  assertEquals(dtype, "int32");
  assert(values.every(Number.isInteger));
  const [[mean, std]] = momentsOf(values, 1);
  assertAlmostEquals(mean, 100, 2);
  assertAlmostEquals(std, 20, 1);
  model.dispose();
});

Deno.test("randomBatch() draws normal numbers where a Normalization is not what sees an input first", () => {
  const model = (make: (input: ReturnType<typeof tf.input>) => unknown) => {
    const input = tf.input({ shape: [4] });
    return tf.model({ inputs: input, outputs: make(input) as never });
  };
  const far = () => normalization(1000, 1);
  const models = [
    model((x) => far().apply(tf.layers.dense({ units: 4 }).apply(x) as never)),
    model((x) => tf.layers.add().apply([far().apply(x), x] as never[])),
    // It makes data of what is normalised.
    model((x) => normalization(1000, 1, { invert: true }).apply(x)),
    // Its features are other ones than those of the input.
    model((x) =>
      normalization([0, 1000], 1).apply(
        tf.layers.reshape({ targetShape: [2, 2] }).apply(x) as never,
      )
    ),
    model((x) => normalization(NaN, 1).apply(x)),
  ];
  for (const [i, one] of models.entries()) {
    const [{ values }] = draw(one);
    assert(values.every((value) => Math.abs(value) < 6), `model ${i}`);
    one.dispose();
  }
});

Deno.test("randomBatch() draws pixels where a Rescaling comes before a Normalization", () => {
  const model = tf.sequential({
    layers: [
      tf.layers.rescaling({ scale: 1 / 255, inputShape: [6, 6, 3] } as never),
      normalization([0.5, 0.4, 0.4], [0.05, 0.05, 0.05]),
      tf.layers.rescaling({ scale: 2 } as never),
      tf.layers.flatten(),
    ],
  });
  const [{ values }] = draw(model);
  assert(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255));
  assertEquals(Math.max(...values), 255);
  model.dispose();
});

Deno.test("randomBatch() follows the statistics that Keras saved by adapt()", async () => {
  const { model } = await withFile("a.keras", bytesOf("adapted.keras"), loadModel);
  const live = tf.memory().numTensors;
  const [x] = draw(model, { examples: 2000 });
  assertEquals(tf.memory().numTensors, live);
  const weights = model.layers.find((layer) => layer.getClassName() === "Normalization")!
    .getWeights();
  const [mean, variance] = weights.map((tensor) => [...tensor.dataSync()]);
  momentsOf(x.values, 4).forEach(([own, std], i) => {
    assertAlmostEquals(own, mean[i], 0.1);
    assertAlmostEquals(std, Math.sqrt(variance[i]), 0.1);
  });
  model.dispose();
});

const rescaling = (scale: number, more = {}) => tf.layers.rescaling({ scale, ...more } as never);

/** A model that begins with this factor. */
const scaled = (scale: number) =>
  tf.sequential({ layers: [rescaling(scale, { inputShape: [8, 8, 3] }), tf.layers.flatten()] });

Deno.test("randomBatch() draws pixels for an input that a Rescaling brings to about 1", () => {
  for (const scale of [1 / 255, 1 / 127.5, 0.5 / 255, 4 / 255]) {
    const model = scaled(scale);
    assertEquals(takesPixels(model), [true], `${scale}`);
    const [{ values, dtype }] = draw(model, { examples: 16 });
    assert(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255));
    assertEquals([Math.min(...values), Math.max(...values), dtype], [0, 255, "float32"]);
    model.dispose();
  }
});

Deno.test("randomBatch() draws normal numbers for any other Rescaling, and where more sees the input", () => {
  for (const scale of [1, 0.49 / 255, 4.1 / 255]) {
    const model = scaled(scale);
    assertEquals(takesPixels(model), [false], `${scale}`);
    assert(draw(model)[0].values.some((value) => value < 0));
    model.dispose();
  }
  const input = tf.input({ shape: [4] });
  const both = tf.layers.add().apply([rescaling(1 / 255).apply(input), input] as never[]);
  const model = tf.model({ inputs: input, outputs: both as never });
  assertEquals(takesPixels(model), [false]);
  model.dispose();
});
