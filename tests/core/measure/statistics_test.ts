import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import type { Sums } from "../../../src/engine/native/sums.ts";
import { shadowMethod } from "../../../src/engine/patching.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Measurements, TensorStatistics } from "../../../src/core/measure/measurements.ts";
import {
  mergeSums,
  statisticsOf,
  sumEntries,
  sumTensor,
  TensorSums,
} from "../../../src/core/measure/sums.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

function statistics(...tensors: number[][]) {
  const sums = tensors.map((values) => sumEntries(Float32Array.from(values)));
  return statisticsOf(sums.reduce<Sums | null>(mergeSums, null));
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 });

Deno.test("statistics agree with their definitions", () => {
  fc.assert(fc.property(fc.array(float, { minLength: 1, maxLength: 60 }), (list) => {
    const x = [...Float32Array.from(list)];
    const n = x.length;
    const sum = (f: (v: number) => number) => x.reduce((total, v) => total + f(v), 0);
    const mean = sum((v) => v) / n;
    const max = Math.max(...x.map(Math.abs));
    const actual = statistics(x)!;
    assertEquals(actual.count, n);
    assertEquals(actual.nonFinite, 0);
    assertEquals(actual.maxAbs, max);
    assertEquals(actual.zeroFraction, sum((v) => v === 0 ? 1 : 0) / n);
    assertAlmostEquals(actual.meanAbs, sum(Math.abs) / n, 1e-12 * max);
    assertAlmostEquals(actual.rms, Math.sqrt(sum((v) => v * v) / n), 1e-12 * max);
    assertAlmostEquals(actual.l2, Math.sqrt(sum((v) => v * v)), 1e-12 * max * n);
    assertAlmostEquals(actual.mean, mean, 1e-12 * max);
    assertAlmostEquals(actual.std, Math.sqrt(sum((v) => (v - mean) ** 2) / n), 1e-7 * max);
  }));
});

Deno.test("statistics of parts join to those of the whole", () => {
  const lists = fc.array(fc.array(float, { maxLength: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(lists, (parts) => {
    const whole = statistics(parts.flat());
    const joined = statistics(...parts);
    if (whole === null) return assertEquals(joined, null);
    type Figure = Exclude<keyof typeof whole, "exponents" | "bins" | "quantiles">;
    for (const key of Object.keys(whole) as Figure[]) {
      assertAlmostEquals(joined![key], whole[key], 1e-6 * whole.maxAbs + 1e-12 * whole.l2, key);
    }
  }));
});

Deno.test("statistics keep the deviation of entries that are far from 0", () => {
  // The squares' difference would be 1e14 - 1e14 in float64, with nothing left of the deviation.
  const actual = statistics([16777214, 16777216, 16777215, 16777215])!;
  assertAlmostEquals(actual.std, Math.SQRT1_2, 1e-9);
});

Deno.test("statistics neither overflow nor underflow where float32 squares would", () => {
  assertAlmostEquals(statistics([1e25, -1e25])!.rms / 1e25, 1, 1e-6);
  assertAlmostEquals(statistics([1e-25, -1e-25])!.rms / 1e-25, 1, 1e-6);
});

Deno.test("statistics count what is not finite, and leave it out of every other figure", () => {
  const actual = statistics([NaN, 3, Infinity, -3, -Infinity, 0])!;
  assertEquals(actual.count, 6);
  assertEquals(actual.nonFinite, 3);
  assertEquals(actual.meanAbs, 2);
  assertEquals(actual.maxAbs, 3);
  assertAlmostEquals(actual.zeroFraction, 1 / 3);
  const none = statistics([NaN, NaN])!;
  assertEquals([none.count, none.nonFinite, none.rms, none.std, none.zeroFraction], [
    2,
    2,
    0,
    0,
    0,
  ]);
});

Deno.test("statistics of nothing are null", () => {
  assertEquals(statistics(), null);
  assertEquals(statistics([]), null);
  assert(statistics([], [1]) !== null);
});

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
    const { exponents, bins, ...rest } = Object(value) as Partial<TensorStatistics>;
    // Kernels are counted by value alone.
    if (exponents === undefined) return bins === undefined ? value : rest;
    histograms++;
    const { zeros, nonFinite, under, counts, over } = exponents;
    const total = counts.reduce((sum, n) => sum + n, zeros + nonFinite + under + over);
    assertEquals(total, rest.count);
    assert(JSON.stringify(exponents).length < 200);
    return rest;
  };
  assertEquals(JSON.stringify(counted, strip), JSON.stringify(plain));
  assert(histograms > 15, `${histograms}`);
  await assertRefusedLater(
    () => measure(model, { inputs }, { histograms: 1 as never }),
    { place: "histograms", found: "1", expected: "true or false" },
  );
  model.dispose();
  inputs.dispose();
});

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

Deno.test("TensorSums sums up the same data once, and other data of the same entries again", () => {
  const sums = new TensorSums(heap);
  const x = tf.tensor2d([[1, -2], [0, NaN]]);
  const alias = tf.reshape(x, [4]);
  const copy = tf.tensor1d([1, -2, 0, NaN]);
  const first = sums.of(x);
  assertEquals(first, sumTensor(heap, x));
  assertStrictEquals(sums.of(alias), first);
  assertEquals(sums.of(copy), first);
  assertEquals(sums.of(copy) === first, false);
  tf.dispose([x, alias, copy]);
});

Deno.test("TensorSums sums up a variable again once it has changed", () => {
  const sums = new TensorSums(heap);
  const variable = tf.variable(tf.tensor1d([1, 2, 3]));
  assertEquals(sums.of(variable).maxAbs, 3);
  const next = tf.tensor1d([1, 2, 5]);
  variable.assign(next);
  assertEquals(sums.of(variable).maxAbs, 5);
  tf.dispose([variable, next]);
});

Deno.test("measure() sums up a tensor that several layers are concerned with once", async () => {
  const { layers } = tf;
  const input = tf.input({ shape: [6] });
  const inner = layers.dense({ units: 7, name: "inner" }).apply(input);
  const outer = layers.dense({ units: 7, name: "outer" }).apply(input);
  // dJ/d sum is the gradient of both terms, and what `active` reads is what `sum` returns.
  const sum = layers.add({ name: "sum" }).apply([inner, outer] as never);
  const active = layers.activation({ activation: "tanh", name: "active" }).apply(sum);
  const model = tf.model({ inputs: input, outputs: active as never });
  const counts: number[] = [];
  const restore = shadowMethod(heap.native, "sums", (sumUp) => (address: number, count: number) => {
    counts.push(count);
    return sumUp(address, count);
  });
  const { layers: rows } = await measure(model, { inputs: tf.ones([5, 6]) });
  restore();
  // The outputs of both layers, their sum and its tanh; the gradients of the tanh and of the sum.
  assertEquals(counts.filter((count) => count === 35).length, 6);
  const [a, b, c] = ["inner", "outer", "sum"].map((name) => rows.find((row) => row.name === name)!);
  assertEquals(a.activationGradients, c.activationGradients);
  assertEquals(b.activationGradients, c.activationGradients);
  model.dispose();
});

const nativeHeap = heapOf(engine);

/** The sums of the same entries on the WASM nativeHeap (our SIMD code) and in an array (the plain loop). */
function bothSums(values: Float32Array) {
  const tensor = tf.tensor1d(values);
  const native = sumTensor(nativeHeap, tensor);
  tensor.dispose();
  return { native, plain: sumEntries(values) };
}

const entry = fc.oneof(
  { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-45, -3e38) },
);

Deno.test("the SIMD sweep sums up what the plain loop does", () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 40 }), (list) => {
    const { native, plain } = bothSums(Float32Array.from(list));
    for (const exact of ["count", "finite", "zeros", "maxAbs"] as const) {
      assertEquals(native[exact], plain[exact], exact);
    }
    const scale = plain.maxAbs * plain.count;
    assertAlmostEquals(native.sumAbs, plain.sumAbs, 1e-13 * scale);
    assertAlmostEquals(native.mean, plain.mean, 1e-13 * scale);
    assertAlmostEquals(native.sumSquares, plain.sumSquares, 1e-13 * scale * plain.maxAbs);
    assertAlmostEquals(
      native.squaredDeviations,
      plain.squaredDeviations,
      1e-11 * scale * plain.maxAbs,
    );
  }));
});

Deno.test("the SIMD sweep loses nothing of a block in which one entry is not finite", () => {
  for (const count of [1024, 5000, 9001]) {
    for (const bad of [0, 1023, 1024, 4095, count - 1].filter((index) => index < count)) {
      const values = Float32Array.from({ length: count }, (_, i) => i % 7 - 3);
      values[bad] = NaN;
      const { native, plain } = bothSums(values);
      const where = `of ${count} with NaN at ${bad}`;
      for (const key of ["count", "finite", "zeros", "maxAbs"] as const) {
        assertEquals(native[key], plain[key], `${key} ${where}`);
      }
      for (const key of ["sumAbs", "sumSquares"] as const) {
        assertAlmostEquals(native[key] / plain[key], 1, 1e-13, `${key} ${where}`);
      }
    }
  }
});

Deno.test("the SIMD sweep keeps the deviation of entries that are far from 0", () => {
  for (const offset of [1, 1e3, 1e6]) {
    const values = Float32Array.from({ length: 5003 }, (_, i) => offset + (i % 5) / 8);
    const { native, plain } = bothSums(values);
    assertAlmostEquals(
      native.squaredDeviations / plain.squaredDeviations,
      1,
      1e-9,
      `entries around ${offset}`,
    );
  }
});

/** The spread of tensors that hold an example a row each, in float64 and by its definition. */
function naiveSpread(...tensors: Tensor[]): number {
  let variances = 0, meanSquares = 0;
  for (const tensor of tensors) {
    const values = tensor.dataSync();
    const rows = tensor.shape[0], width = values.length / rows;
    for (let feature = 0; feature < width; feature++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += values[row * width + feature];
      for (let row = 0; row < rows; row++) {
        variances += (values[row * width + feature] - sum / rows) ** 2 / rows;
        meanSquares += values[row * width + feature] ** 2 / rows;
      }
    }
  }
  return variances / meanSquares;
}

const layerOf = ({ layers }: Measurements, name: string) =>
  layers.find((layer) => layer.name === name)!;

/** Runs a test on TensorFlow.js, and frees what it makes. */
async function onEngine(test: (tf: TensorFlow) => Promise<void>) {
  await using engine = await startEngine();
  engine.tf.engine().startScope();
  await test(engine.tf);
  engine.tf.engine().endScope();
}

Deno.test("measure() says how far examples lie apart, down to what an offset leaves of it", async () => {
  await onEngine(async (tf) => {
    for (const offset of [0, 1, 100, 1e4]) {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            name: "conv",
            filters: 5,
            kernelSize: 3,
            inputShape: [6, 6, 3],
            kernelInitializer: tf.initializers.heNormal({ seed: 1 }),
          }),
          tf.layers.reLU({ name: "relu" }),
          tf.layers.flatten({ name: "flat" }),
          tf.layers.dense({
            name: "far",
            units: 17,
            biasInitializer: tf.initializers.constant({ value: 1000 * offset }),
          }),
          tf.layers.dense({ name: "head", units: 1 }),
        ],
      });
      const inputs = tf.randomNormal([7, 6, 6, 3], offset, 1, "float32", 3);
      const measured = await measure(model, { inputs });
      assertAlmostEquals(measured.batch.perInput[0].spread! / naiveSpread(inputs), 1, 1e-9);
      for (const { name } of model.layers) {
        const part = tf.model({ inputs: model.inputs, outputs: model.getLayer(name).output });
        const expected = naiveSpread(part.predict(inputs) as Tensor);
        const { spread } = layerOf(measured, name);
        assertAlmostEquals(spread! / expected, 1, 1e-9, `${name}, offset ${offset}`);
        if (name === "far" && offset === 100) assert(spread! < 1e-7, `${spread}`);
      }
    }
  });
});

Deno.test("measure() takes the spread of a layer over all of its calls", async () => {
  await onEngine(async (tf) => {
    const inputs = tf.randomNormal([5, 3, 4], 1, 1, "float32", 3);
    const inner = tf.layers.dense({ name: "inner", units: 2 });
    const model = tf.sequential({
      layers: [tf.layers.timeDistributed({ name: "steps", layer: inner, inputShape: [3, 4] })],
    });
    const measured = await measure(model, { inputs });
    const steps = tf.unstack(inputs, 1).map((step) => inner.apply(step) as Tensor);
    assertEquals(measured.layers[0].calls, 3);
    assertAlmostEquals(measured.layers[0].spread! / naiveSpread(...steps), 1, 1e-9);

    const recurrent = tf.sequential({
      layers: [tf.layers.lstm({ name: "lstm", units: 3, inputShape: [3, 4] })],
    });
    const { layers } = await measure(recurrent, { inputs });
    const [lstm, ...parts] = layers;
    assertAlmostEquals(lstm.spread! / naiveSpread(recurrent.predict(inputs) as Tensor), 1, 1e-9);
    assertEquals(parts.length, 3);
    for (const { name, spread } of parts) assert(spread! > 0 && spread! < 1, name);
  });
});

Deno.test("measure() gives examples that are alike a spread of 0, and opposite ones one of 1", async () => {
  await onEngine(async (tf) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: "one", units: 3, inputShape: [4] })],
    });
    const example = tf.randomNormal([1, 4], 0, 1, "float32", 3);
    const alike = await measure(model, { inputs: tf.tile(example, [6, 1]) });
    assertEquals([alike.batch.perInput[0].spread, alike.layers[0].spread], [0, 0]);
    const opposite = await measure(model, { inputs: tf.concat([example, tf.neg(example)]) });
    assertEquals(opposite.batch.perInput[0].spread, 1);
    assertAlmostEquals(opposite.layers[0].spread!, 1, 1e-6);
  });
});

Deno.test("measure() says why there is no spread", async () => {
  await onEngine(async (tf) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: "one", units: 4, inputShape: [4] }),
        tf.layers.dense({ name: "zero", units: 2, kernelInitializer: "zeros" }),
      ],
    });
    const reason = ({ layers }: Measurements) =>
      layers.map(({ spread, absent }) => [spread, absent.spread]);
    const ones = await measure(model, { inputs: tf.ones([1, 4]) });
    assertEquals(reason(ones)[0], [null, "the batch has one example"]);
    assertEquals(ones.batch.perInput[0].spread, null);
    const infinite = await measure(model, { inputs: tf.fill([2, 4], Infinity) });
    assertEquals(reason(infinite)[0], [null, "an activation is not finite"]);
    assertEquals(infinite.batch.perInput[0].spread, null);
    const finite = await measure(model, { inputs: tf.randomNormal([2, 4]) });
    assertEquals(reason(finite)[1], [null, "all activations are 0"]);
    const input = tf.input({ shape: [4] });
    const flipped = tf.model({
      inputs: input,
      outputs: tf.layers.permute({ name: "flip", dims: [1] }).apply(input) as typeof input,
    });
    const { layers: [flip] } = flipped;
    Object.assign(flipped.layers[1] ?? flip, {
      call: (x: Tensor[]) => tf.transpose([x].flat()[0]),
    });
    const { layers } = await measure(flipped, { inputs: tf.randomNormal([3, 4]) });
    assertEquals(layers[0].absent.spread, "the activations have no axis of examples");
  });
});
