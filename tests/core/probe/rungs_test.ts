import { assertEquals } from "@std/assert";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer } from "../../../src/engine/tensorflow.ts";
import { compiledOptimizer, type Rung, rungs } from "../../../src/core/probe/rungs.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

function dense(...units: number[]): LayersModel {
  const layers = units.map((units, i) =>
    tf.layers.dense({ units, ...i === 0 ? { inputShape: [2] } : {} })
  );
  return tf.sequential({ layers });
}

const shown = (ladder: Rung[]) =>
  ladder.map(({ optimizer, learningRate, given }) =>
    `${optimizer} ${learningRate}${given ? " given" : ""}`
  );

const ADAM = ["Adam 0.003", "Adam 0.01", "Adam 0.001"];

Deno.test("rungs() has Adam at three rates, and plain descent for one kernel that is not compiled", () => {
  assertEquals(shown(rungs(heap, dense(1), undefined)), [...ADAM, "SGD 0.01", "SGD 0.1"]);
  assertEquals(shown(rungs(heap, dense(3, 1), undefined)), ADAM);
});

Deno.test("rungs() begins with the given rate, ten times and a tenth of it", () => {
  const given = (optimizer: Optimizer) => shown(rungs(heap, dense(1), optimizer));
  assertEquals(given(tf.train.sgd(0.5)), ["SGD 0.5 given", "SGD 5", "SGD 0.05", ...ADAM]);
  assertEquals(given(tf.train.adam(0.01)), ["Adam 0.01 given", "Adam 0.003", "Adam 0.001"]);
  assertEquals(given(tf.train.adam(0.02)), ["Adam 0.02 given", ...ADAM]);
});

Deno.test("compiledOptimizer() is the compiled one, at its own rate and others; else Adam", () => {
  const model = dense(1);
  const none = compiledOptimizer(heap, model, 0.25);
  assertEquals([none.name, none.rate], ["Adam", 0.25]);
  assertEquals(shown([none.at(null), none.at(0.5)]), ["Adam 0.25", "Adam 0.5"]);
  model.compile({ optimizer: tf.train.sgd(0.5), loss: "meanSquaredError" });
  const own = compiledOptimizer(heap, model, 0.25);
  assertEquals([own.name, own.rate], ["SGD", 0.5]);
  assertEquals(shown([own.at(null), own.at(2)]), ["SGD 0.5", "SGD 2"]);
});
