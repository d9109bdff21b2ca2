import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Optimizer } from "../../src/engine/tensorflow.ts";
import { savedOptimizer } from "../../src/keras/compile_as_saved.ts";
import { optimizerOf } from "../../src/core/measure/training_facts.ts";
import { learningRate } from "../../src/core/rules/task/learning_rate.ts";
import { OPTIMIZERS, usualRates } from "../../src/ground/traits/optimizers.ts";
import { makeMeasurements } from "../networks/measurements.ts";

const { tf } = await startEngine();

/** Returns the severities of what the rule finds by itself, without a trial. */
const severities = (optimizer: Optimizer) =>
  learningRate.run(makeMeasurements([{}], optimizerOf({ optimizer }))).map((one) => one.severity);

/** Optimizers as a compiled TensorFlow.js model, a .keras file and a .h5 file have them. */
function compiledWays(name: string, rate: number): Optimizer[] {
  const momentum = name === "Momentum" ? { momentum: 0.9 } : {};
  const class_name = name === "Momentum" ? "SGD" : name;
  // Keras writes the rate as float32.
  const config = { learning_rate: Math.fround(rate), ...momentum };
  const stock: Record<string, (rate: number) => Optimizer> = {
    SGD: tf.train.sgd,
    Momentum: (rate) => tf.train.momentum(rate, 0.9),
    Adam: tf.train.adam,
    Adamax: tf.train.adamax,
    RMSProp: tf.train.rmsprop,
    Adagrad: tf.train.adagrad,
    Adadelta: tf.train.adadelta,
  };
  return [
    savedOptimizer(tf, { optimizer: { module: "keras.optimizers", class_name, config } }),
    savedOptimizer(tf, { optimizer_config: { class_name, config } }),
    ...name in stock ? [stock[name](rate)] : [],
  ];
}

Deno.test("a rate at the edge of the usual ones is usual, and one that never trains an error by itself", async (t) => {
  for (const name of Object.keys(OPTIMIZERS)) {
    await t.step(name, () => {
      const settings = name === "Momentum" ? { momentum: 0.9 } : undefined;
      const { least, most } = usualRates({ name, settings })!;
      const found = (rate: number) => compiledWays(name, rate).map(severities);
      const all = (severity: string[]) => compiledWays(name, 1).map(() => severity);
      assertEquals(found(least), all([]), `${least}`);
      assertEquals(found(most), all([]), `${most}`);
      assertEquals(found(0.99 * least), all(["warning"]));
      assertEquals(found(1.01 * most), all(["warning"]));
      for (const rate of [0, -0.01, -1, 10 * most, 1000]) {
        assertEquals(found(rate), all(["error"]), `${rate}`);
      }
    });
  }
});
