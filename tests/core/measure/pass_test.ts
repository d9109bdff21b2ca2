import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Layer, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { recordTape } from "../../../src/core/measure/keep_state.ts";
import type { PassProgress } from "../../../src/core/measure/measure_options.ts";
import { measure } from "../../../src/entry/measure.ts";
import { PassClock } from "../../../src/core/measure/pass_clock.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { dense, small, uniform } from "../../networks/small_models.ts";

const { tf } = await startEngine();

Deno.test("measure() counts every parameter once, trained or not", async () => {
  const model = small();
  model.layers[1].trainable = false;
  const { model: { parameters, layers }, version } = await measure(model, randomBatch(model));
  assertEquals(parameters, (4 + 1) * 5 + (5 + 1) * 3 + (3 + 1) * 2);
  assertEquals([layers, version], [3, 1]);
  model.dispose();
});

Deno.test("measure() says of a batch that it was drawn, and of targets, and of neither where they were given", async () => {
  const model = small();
  const drawn = await measure(model, randomBatch(model));
  assertEquals([drawn.batch.random, drawn.objective.randomTargets], [true, undefined]);
  const objective = "meanSquaredError" as const;
  const inputs = uniform([6, 4]);
  const targets = uniform([6, 2]);
  const given = await measure(model, { inputs, targets }, { objective });
  assert(!("random" in given.batch) && !("randomTargets" in given.objective));
  tf.dispose([inputs, targets]);
  model.dispose();
});

Deno.test("measure() counts exponents where histograms are asked for, and nowhere else", async () => {
  const model = small();
  const exponents = async (options: { histograms?: boolean }) => {
    const { layers: [{ activations, weights: [{ gradients }] }] } = await measure(
      model,
      randomBatch(model),
      options,
    );
    return [activations, gradients].map((statistics) => "exponents" in statistics!);
  };
  assertEquals(await exponents({}), [false, false]);
  assertEquals(await exponents({ histograms: true }), [true, true]);
  model.dispose();
});

Deno.test("measure() feeds two inputs in their order, and passes them as predict does", async () => {
  const wide = tf.input({ shape: [4] });
  const slim = tf.input({ shape: [2] });
  const both = tf.layers.concatenate().apply([wide, slim]) as typeof wide;
  const dropped = tf.layers.dropout({ rate: 0.5 }).apply(both) as typeof wide;
  const model = tf.model({ inputs: [wide, slim], outputs: dense(1).apply(dropped) as typeof wide });
  const inputs = [uniform([6, 4]), uniform([6, 2])];
  const { objective } = await measure(model, { inputs }, { objective: "sum" });
  const expected = tf.tidy(() => (model.predict(inputs) as typeof inputs[0]).sum().dataSync()[0]);
  assert(Math.abs(objective.value - expected) < 1e-5);
  tf.dispose(inputs);
  model.dispose();
});

/** The clock of layers with these numbers of operations, the layers, and its reports. */
function start(operations: number[], parts = 1) {
  const layers = operations.map(() => ({}) as Layer);
  const told: PassProgress[] = [];
  const counts = new Map(layers.map((layer, i) => [layer, operations[i]]));
  const clock = new PassClock(layers, counts, parts, (progress) => told.push(progress));
  return { clock, layers, told };
}

Deno.test("PassClock weighs layers by their products, and each by a fifth of the mean besides", () => {
  const { clock, layers: [large, small], told } = start([100, 0]);
  clock.begin();
  for (const phase of ["forward", "backward"] as const) {
    for (const layer of [large, small]) clock.see(phase, layer);
  }
  // A fifth of the mean of 50 is 10: 110 and 10, and the way back twice that.
  assertEquals(told, [
    { phase: "forward", done: 1, total: 2, share: 110 / 360 },
    { phase: "forward", done: 2, total: 2, share: 120 / 360 },
    { phase: "backward", done: 1, total: 2, share: 340 / 360 },
    { phase: "backward", done: 2, total: 2, share: 1 },
  ]);
});

Deno.test("PassClock counts layers alike where none has a product", () => {
  const { clock, layers, told } = start([0, 0, 0, 0]);
  clock.begin();
  for (const layer of layers) clock.see("forward", layer);
  told.forEach(({ share }, i) => assertAlmostEquals(share, (i + 1) / 12, 1e-12));
});

Deno.test("PassClock tells a layer that is called again once, and one that it does not know as done", () => {
  const { clock, layers: [layer], told } = start([5]);
  clock.begin();
  clock.see("forward", layer);
  clock.see("forward", layer);
  clock.see("forward", {} as Layer);
  assertEquals(told.map(({ done, share }) => [done, share]), [[1, 1 / 3], [2, 1 / 3]]);
});

Deno.test("PassClock goes through a batch in parts forward once more, each part by its share", () => {
  const { clock, layers: [layer], told } = start([10], 2);
  const part = () => {
    clock.begin();
    for (const phase of ["forward", "backward"] as const) clock.see(phase, layer);
  };
  for (let i = 0; i < 2; i++) clock.swept();
  for (let i = 0; i < 2; i++) part();
  // Eight sweeps: of each part one ahead, then one forward and one back of twice that.
  assertEquals(
    told.map(({ phase, share, part, parts, done, total }) => [
      phase,
      share,
      part,
      parts,
      done,
      total,
    ]),
    [
      ["forward", 1 / 8, 1, 2, 1, 1],
      ["forward", 2 / 8, 2, 2, 1, 1],
      ["forward", 3 / 8, 1, 2, 1, 1],
      ["backward", 5 / 8, 1, 2, 1, 1],
      ["forward", 6 / 8, 2, 2, 1, 1],
      ["backward", 1, 2, 2, 1, 1],
    ],
  );
});

Deno.test("PassClock comes back on course with each part, whatever was not seen of the one before", () => {
  const { clock, layers: [one, other], told } = start([10, 10], 2);
  clock.swept();
  clock.swept();
  clock.begin();
  clock.see("forward", one);
  clock.begin();
  for (const phase of ["forward", "backward"] as const) {
    for (const layer of [one, other]) clock.see(phase, layer);
  }
  assertEquals(told.map(({ share }) => share * 16), [2, 4, 5, 11, 12, 14, 16]);
});

Deno.test("PassClock rises from above 0 to 1 for layers of any size", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 4 }), (operations, parts) => {
    const { clock, layers, told } = start(operations, parts);
    for (let i = 0; parts > 1 && i < parts; i++) clock.swept();
    for (let i = 0; i < parts; i++) {
      clock.begin();
      for (const phase of ["forward", "backward"] as const) {
        for (const layer of layers) clock.see(phase, layer);
      }
    }
    told.forEach(({ share }, i) => {
      const before = told[i - 1]?.share ?? 0;
      // Rounding takes the last one to 1 from either side.
      assertEquals(share > before && share <= 1, true, `${before} ${share}`);
    });
    assertAlmostEquals(told.at(-1)!.share, 1, 1e-9);
  }));
});

Deno.test("recordTape() gives the operations of its own pass, inside of another gradient too", () => {
  const x = tf.tensor1d([1, 2]);
  const own = (of: Tensor) =>
    recordTape(tf, () => void tf.square(tf.neg(of))).map(({ kernelName }) => kernelName);
  let inside: string[] = [];
  const gradient = tf.grad((input: Tensor) => {
    const half = tf.mul(input, 0.5);
    inside = own(half);
    return tf.sum(half);
  })(x);
  assertEquals(inside, ["Neg", "Square"]);
  assertEquals([...gradient.dataSync()], [0.5, 0.5]);
  tf.dispose([x, gradient]);
});
