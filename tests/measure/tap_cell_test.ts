import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";

const { tf } = await startEngine();

Deno.test("measure() tells the candidate of an LSTM from its output, step by step", async () => {
  const units = 2;
  const steps = 5;
  const lstm = tf.layers.lstm({ units, inputShape: [steps, 1], name: "lstm" });
  const model = tf.sequential({ layers: [lstm] });
  // Every gate is open and the candidate's z is 1, so that the cell adds tanh(1) at each step.
  const [kernel, recurrent] = lstm.getWeights().map(({ shape }) => tf.zeros(shape));
  const bias = tf.tensor1d([10, 10, 1, 10].flatMap((gate) => Array(units).fill(gate)));
  lstm.setWeights([kernel, recurrent, bias]);
  const inputs = tf.ones([3, steps, 1]);
  const { layers } = await measure(model, { inputs });
  const z = (part: string) => layers.find(({ name }) => name === `lstm/${part}`)!.preActivations!;
  assertEquals([z("candidate").mean, z("candidate").std], [1, 0]);
  assertAlmostEquals(z("cell_output").mean, 3 * Math.tanh(1), 1e-6);
  assertAlmostEquals(z("cell_output").maxAbs, steps * Math.tanh(1), 1e-6);
  assertEquals(z("gates").mean, 10);
  tf.dispose([kernel, recurrent, bias, inputs]);
  model.dispose();
});
