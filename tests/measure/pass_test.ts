import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { dense, small, uniform } from "../networks/small_models.ts";

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
