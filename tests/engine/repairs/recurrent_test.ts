import { startEngine } from "../../../src/engine/mod.ts";
import type { Layer, Tensor } from "../../../src/engine/tensorflow.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine();

/** A GRU as a file has it. */
function gru(config: Record<string, unknown>): Layer {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as never as {
    classNameMap: Record<string, [unknown, (cls: unknown, config: object) => Layer]>;
  };
  const [cls, fromConfig] = classNameMap.GRU;
  return fromConfig(cls, { recurrentActivation: "sigmoid", ...config });
}

const UNITS = 2, INPUTS = 3, STEPS = 4;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The same in float64, entry by entry: W [3, 6], U [2, 6], b and c [6]. */
function naive(x: number[][], [w, u, b, c]: number[][]): number[] {
  let h = [0, 0];
  for (const step of x) {
    const at = (k: number) => step.reduce((sum, value, i) => sum + value * w[i * 6 + k], b[k]);
    const of = (k: number) => h.reduce((sum, value, i) => sum + value * u[i * 6 + k], c[k]);
    h = h.map((before, j) => {
      const z = sigmoid(at(j) + of(j)), r = sigmoid(at(2 + j) + of(2 + j));
      return z * before + (1 - z) * Math.tanh(at(4 + j) + r * of(4 + j));
    });
  }
  return h;
}

const entries = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(7 * i + phase));

for (const useBias of [true, false]) {
  Deno.test(`a GRU of a file that resets after the multiplication computes it, bias ${useBias}`, () => {
    const layer = gru({ units: UNITS, resetAfter: true, useBias, inputShape: [STEPS, INPUTS] });
    const model = tf.sequential({ layers: [layer] });
    const w = entries(18, 1);
    const u = entries(12, 2);
    const both = entries(12, 3);
    const values = [tf.tensor(w, [3, 6]), tf.tensor(u, [2, 6]), tf.tensor(both, [2, 6])];
    layer.setWeights(useBias ? values : values.slice(0, 2));
    const x = entries(STEPS * INPUTS, 4);
    const steps = Array.from({ length: STEPS }, (_, i) => x.slice(i * INPUTS, (i + 1) * INPUTS));
    const biases = useBias
      ? [both.slice(0, 6), both.slice(6)]
      : [Array(6).fill(0), Array(6).fill(0)];
    const expected = naive(steps, [w, u, ...biases]);
    const output = model.predict(tf.tensor(x, [1, STEPS, INPUTS])) as Tensor;
    output.dataSync().forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-6));
    model.dispose();
  });
}

Deno.test("a GRU that resets after the multiplication says so in its configuration", () => {
  const config = gru({ units: 2, resetAfter: true }).getConfig();
  assertEquals(config.resetAfter, true);
  const copy = gru(config as Record<string, unknown>);
  assertEquals(copy.getConfig().resetAfter, true);
  const plain = gru({ units: 2, inputShape: [4, 3] });
  assertEquals(plain.getConfig().resetAfter, false);
  const model = tf.sequential({ layers: [plain] });
  assertEquals(plain.weights.map(({ shape }) => shape), [[3, 6], [2, 6], [6]]);
  model.dispose();
});

Deno.test("a GRU that resets after the multiplication trains with dropout, and without leaks", async () => {
  const layer = gru({
    units: 2,
    resetAfter: true,
    dropout: 0.5,
    recurrentDropout: 0.5,
    inputShape: [4, 3],
  });
  const model = tf.sequential({ layers: [layer] });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const x = tf.ones([8, 4, 3]);
  const y = tf.zeros([8, 2]);
  await model.trainOnBatch(x, y);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
  assertEquals(tf.memory().numTensors, before);
  tf.dispose([x, y]);
  model.dispose();
});

Deno.test("predict() computes a model that reads the output of a recurrent layer and the equal state", () => {
  const input = tf.input({ shape: [STEPS, INPUTS] });
  for (const layer of [tf.layers.lstm, tf.layers.gru, tf.layers.simpleRNN]) {
    const [output, state] = layer({ units: UNITS, returnState: true })
      .apply(input) as unknown as [typeof input, typeof input];
    const reads = (x: typeof input) =>
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }).apply(x) as typeof input;
    const model = tf.model({ inputs: input, outputs: [reads(output), reads(state)] });
    const x = tf.ones([1, STEPS, INPUTS]);
    const [one, other] = model.predict(x) as Tensor[];
    assertEquals(one.dataSync(), other.dataSync());
    tf.dispose([x, one, other]);
    model.dispose();
  }
});
