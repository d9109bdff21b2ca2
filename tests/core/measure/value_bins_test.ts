import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { addBins, BINS, binValues } from "../../../src/core/measure/value_bins.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

const largest = (values: number[]) => Math.max(...values.map(Math.abs));

Deno.test("binValues() counts each finite entry in the bin that holds it", () => {
  const values = [-1, -0.01, 0, 0.01, 0.99, 1, NaN, Infinity];
  const { limit, counts } = binValues(values, { maxAbs: 1 })!;
  assertEquals([limit, counts.length], [1, BINS]);
  const known = counts.flatMap((count, i) => count === 0 ? [] : [[i, count]]);
  assertEquals(known, [[0, 1], [31, 1], [32, 2], [63, 2]]);
  assertEquals(binValues([0, 0], { maxAbs: 0 }), null);
  assertEquals(binValues([1.5], { maxAbs: 1.5 })!.limit, 2);
});

Deno.test("binValues() counts entries of a large tensor at equal distances", () => {
  const values = Float32Array.from({ length: 2 ** 18 + 1 }, (_, i) => Math.sin(i));
  const { counts } = binValues(values, { maxAbs: 1 })!;
  const total = counts.reduce((sum, count) => sum + count, 0);
  assertEquals(total, Math.ceil((2 ** 18 + 1) / 3));
});

Deno.test("addBins() has the counts of both tensors together", () => {
  // Sixteenths are exact, so that both count the same.
  const sixteenth = fc.integer({ min: -1600, max: 1600 }).map((n) => n / 16);
  const some = fc.array(sixteenth, { minLength: 1 });
  fc.assert(fc.property(some, some, (a, b) => {
    const both = [...a, ...b];
    const [one, other] = [a, b].map((values) => binValues(values, { maxAbs: largest(values) }));
    if (one === null || other === null) return;
    const expected = binValues(both, { maxAbs: largest(both) })!;
    const added = addBins(one, other);
    assertEquals(added.limit, expected.limit);
    // Only an entry at the very end of the smaller range may fall into the bin beside its own.
    const cumulated = (counts: number[]) =>
      counts.map((_, i) => counts.slice(0, i + 1).reduce((sum, count) => sum + count, 0));
    const ends = both.filter((value) => [one.limit, other.limit].includes(Math.abs(value))).length;
    cumulated(expected.counts).forEach((count, i) =>
      assertAlmostEquals(cumulated(added.counts)[i], count, ends + 1e-9)
    );
  }));
});

Deno.test("measure() counts kernels, z, a and delta by value if histograms are requested", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ depth: 3, std: 0.2 });
  const batch = randomBatch(model);
  const plain = await measure(model, batch);
  const counted = await measure(model, batch, { histograms: true });
  assertEquals(plain.layers[0].activations!.bins, undefined);
  const [layer] = counted.layers;
  for (
    const { bins, count } of [
      layer.weights[0].values,
      layer.preActivations!,
      layer.activations!,
      layer.preActivationGradients!,
    ]
  ) {
    assertEquals(bins!.counts.reduce((sum, count) => sum + count, 0), count);
  }
  const kernel = model.getWeights()[0].dataSync();
  const { maxAbs } = layer.weights[0].values;
  assertEquals(layer.weights[0].values.bins, binValues(kernel, { maxAbs })!);
  model.dispose();
});
