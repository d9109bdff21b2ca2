import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import type { TensorStatistics } from "../../src/measure/measurements.ts";

/** The histogram of entries, by logarithms in float64. */
function naive(entries: number[]) {
  const exponents = entries.filter((x) => x !== 0 && Number.isFinite(x))
    .map((x) => Math.floor(Math.log2(Math.abs(x))));
  const near = exponents.filter((exponent) => exponent >= -40 && exponent <= 40);
  const from = near.length === 0 ? 0 : Math.min(...near);
  const length = near.length === 0 ? 0 : Math.max(...near) - from + 1;
  const of = (wanted: number) => near.filter((exponent) => exponent === from + wanted).length;
  return {
    zeros: entries.filter((x) => x === 0).length,
    nonFinite: entries.filter((x) => !Number.isFinite(x)).length,
    under: exponents.filter((exponent) => exponent < -40).length,
    from,
    counts: Array.from({ length }, (_, i) => of(i)),
    over: exponents.filter((exponent) => exponent > 40).length,
  };
}

Deno.test("measure() counts the exponents of a tensor where it is asked to", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const entries = [0, 1, -1.5, 2, 1e-6, 3e-13, 2 ** -40, 2 ** -41, -1e30, 2 ** 40, 2 ** 41, 1e-42];
  for (const given of [entries, [0, 0], [1e-30, 1e30], [NaN, Infinity, 7]]) {
    const inputs = tf.tensor2d(given, [given.length, 1]);
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones" }),
        tf.layers.activation({ activation: "linear" }),
      ],
    });
    const { layers } = await measure(model, { inputs }, { histograms: true });
    const expected = naive([...Float32Array.from(given)]);
    assertEquals(layers[0].preActivations!.exponents, expected);
    assertEquals(layers[1].activations!.exponents, expected);
    assertEquals(layers[0].activationGradients!.exponents, naive(given.map(() => 1)));
    const sum = given.reduce((total, x) => total + Math.fround(x), 0);
    assertEquals(layers[0].weights[0].gradients!.exponents, naive([sum]));
    assertEquals(layers[0].weights[0].values.exponents, undefined);
    model.dispose();
    inputs.dispose();
  }
});

Deno.test("measure() counts exponents over all calls, and changes no other figure by it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.randomNormal([4, 5, 3], 0, 1, "float32", 2);
  const model = tf.sequential({
    layers: [
      tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }), inputShape: [5, 3] }),
      tf.layers.lstm({ units: 3 }),
    ],
  });
  const plain = await measure(model, { inputs });
  const counted = await measure(model, { inputs }, { histograms: true });
  let histograms = 0;
  const strip = (_: string, value: unknown) => {
    const { exponents, ...rest } = Object(value) as Partial<TensorStatistics>;
    if (exponents === undefined) return value;
    histograms++;
    const { zeros, nonFinite, under, counts, over } = exponents;
    const total = counts.reduce((sum, n) => sum + n, zeros + nonFinite + under + over);
    assertEquals(total, rest.count);
    assert(JSON.stringify(exponents).length < 200);
    return rest;
  };
  assertEquals(JSON.stringify(counted, strip), JSON.stringify(plain));
  assert(histograms > 15, `${histograms}`);
  await assertRejects(
    () => measure(model, { inputs }, { histograms: 1 as never }),
    TypeError,
    "histograms is 1, expected true or false",
  );
  model.dispose();
  inputs.dispose();
});
