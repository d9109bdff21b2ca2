import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type CreateModel, openDraw } from "../../../src/core/assert/create_model.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { seedDraws, SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import { study } from "../../../src/study/study.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { withFolder } from "./save_model.ts";

const { tf } = await startEngine();
const stock = Math.random;

/** Three numbers, with a pause between them in which others draw. */
async function draw(): Promise<number[]> {
  const numbers = [Math.random(), Math.random()];
  await Promise.resolve();
  return [...numbers, Math.random()];
}

Deno.test("seedDraws() lets Math.random draw from the seed and the stream while it runs", async () => {
  const first = await seedDraws(3, "a", draw);
  assertEquals(await seedDraws(3, "a", draw), first);
  assertNotEquals(await seedDraws(4, "a", draw), first);
  assertNotEquals(await seedDraws(3, "b", draw), first);
  assert(first.every((number) => number >= 0 && number < 1));
  assertEquals(Math.random, stock);
});

Deno.test("seedDraws() puts Math.random back after an error, and where calls overlap", async () => {
  await assertRejects(() => seedDraws(0, "a", () => Promise.reject(new Error("no"))), Error, "no");
  assertEquals(Math.random, stock);
  const inner = Promise.withResolvers<void>();
  const outer = Promise.withResolvers<void>();
  const runs = [
    seedDraws(0, "a", () => outer.promise),
    seedDraws(1, "b", () => inner.promise),
  ];
  assertNotEquals(Math.random, stock);
  outer.resolve();
  await runs[0];
  assertNotEquals(Math.random, stock);
  inner.resolve();
  await runs[1];
  assertEquals(Math.random, stock);
});

/** Every initialiser that draws, and none has a seed. */
const UNSEEDED = `({ tf }: any) => tf.sequential({
  layers: [
    "glorotUniform", "glorotNormal", "heNormal", "heUniform", "leCunNormal", "leCunUniform",
    "orthogonal", "randomNormal", "randomUniform", "truncatedNormal",
  ].map((kernelInitializer) => tf.layers.dense({ units: 4, inputShape: [4], kernelInitializer })),
})`;

Deno.test("loadModel() draws a module's weights and batch from the seed, also where it gives none", async () => {
  const source = `export const createModel = ${UNSEEDED};
export const createBatch = ({ tf, examples }: any) => ({ inputs: tf.randomNormal([examples, 4]) });`;
  await withFolder(async (folder) => {
    const path = `${folder}/net.ts`;
    await Deno.writeTextFile(path, source);
    const values = async (seed: number) => {
      const { model, createBatch } = await loadModel(path, { seed });
      const { inputs } = await createBatch!(8, seed, "sum");
      const tensors = [...model.getWeights().filter(({ rank }) => rank === 2), [inputs].flat()[0]];
      const values = tensors.map((tensor) => [...tensor.dataSync()]);
      tf.dispose(inputs);
      model.dispose();
      return values;
    };
    const first = await values(0);
    assertEquals(first.length, 11);
    assertEquals(await values(0), first);
    const other = await values(1);
    first.forEach((drawn, i) => assertNotEquals(drawn, other[i]));
  });
});

Deno.test("acrossSeeds() and study() draw from the seed, also where the function gives none", async () => {
  const create: CreateModel = ({ tf }) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4] })] });
  const createBatch = () => ({ inputs: tf.randomNormal([8, 4]) });
  const measured = [];
  for (const seed of [2, 2, 3]) {
    const draw = await openDraw(create, seed, { createBatch });
    measured.push(draw.measure());
    draw.close();
  }
  const figures = measured.map(({ layers, batch }) => [
    layers[0].weights[0].values.mean,
    batch.inputs.mean,
  ]);
  assertEquals(figures[0], figures[1]);
  figures[0].forEach((figure, i) => assertNotEquals(figure, figures[2][i]));
  const points = async () => (await study(create, { scales: [1], seeds: [2, 3] })).points;
  assertEquals(await points(), await points());
});

const moments = (draw: () => number, count: number) => {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = draw();
    for (let power = 1; power <= 4; power++) sums[power - 1] += value ** power / count;
  }
  return sums;
};

Deno.test("SeededRandom draws standard normals, seed 0 too", () => {
  for (const seed of [0, 1, -1, Number.MAX_SAFE_INTEGER]) {
    const random = new SeededRandom(seed, "test");
    const [mean, second, third, fourth] = moments(() => random.normal(), 100_000);
    assertAlmostEquals(mean, 0, 0.015);
    assertAlmostEquals(second, 1, 0.025);
    assertAlmostEquals(third, 0, 0.06);
    assertAlmostEquals(fourth, 3, 0.2);
  }
});

Deno.test("SeededRandom draws uniform numbers and integers in their range", () => {
  const random = new SeededRandom(3, "test");
  const [mean, second] = moments(() => random.uniform(), 100_000);
  assertAlmostEquals(mean, 1 / 2, 0.005);
  assertAlmostEquals(second, 1 / 3, 0.005);
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[random.integer(10)]++;
  assert(counts.every((count) => Math.abs(count - 10_000) < 500), `${counts}`);
});

Deno.test("SeededRandom gives streams and seeds of their own, the same every time", () => {
  const draw = (seed: number, stream: string) => new SeededRandom(seed, stream).normals(8);
  assertEquals(draw(0, "a"), draw(0, "a"));
  assertNotEquals(draw(0, "a"), draw(0, "b"));
  assertNotEquals(draw(0, "a"), draw(1, "a"));
});

// The numbers come from a second implementation, in Python.
Deno.test("SeededRandom is xoshiro128** filled by splitmix32", () => {
  const random = new SeededRandom(0, "weights");
  assertEquals([random.bits(), random.bits(), random.bits()], [3423766232, 1783042534, 3551475623]);
});

Deno.test("SeededRandom rejects a seed that is not an integer", () => {
  for (const seed of [0.5, NaN, 2 ** 53]) {
    assertThrows(() => new SeededRandom(seed, "test"), InputError, `seed is ${seed}`);
  }
});
