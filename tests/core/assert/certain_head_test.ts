import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import {
  assertGradientsFlow,
  assertNoVanishingGradients,
} from "../../../src/core/assert/assertions.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

interface Network {
  activation: "softmax" | "sigmoid";
  loss: "categoricalCrossentropy" | "binaryCrossentropy" | "meanSquaredError";
  /** Standard deviation of the kernels. */
  stddev: number;
  /** True if the head starts at zero. */
  zeros?: boolean;
  /** True if the head's activation is a separate layer. */
  split?: boolean;
}

/** Ten relu layers of 64 units under a head of ten classes, or of one. */
function create(tf: TensorFlow, { activation, stddev, zeros, split }: Network): LayersModel {
  const kernelInitializer = (seed: number) => tf.initializers.randomNormal({ stddev, seed });
  const hidden = Array.from({ length: 10 }, (_, i) =>
    tf.layers.dense({
      name: `h${i + 1}`,
      units: 64,
      inputShape: [64],
      activation: "relu",
      kernelInitializer: kernelInitializer(i + 1),
    }));
  const head = tf.layers.dense({
    name: "out",
    units: activation === "softmax" ? 10 : 1,
    activation: split ? "linear" : activation,
    kernelInitializer: zeros ? "zeros" : kernelInitializer(11),
  });
  const end = split ? [tf.layers.activation({ name: "end", activation })] : [];
  return tf.sequential({ layers: [...hidden, head, ...end] });
}

async function measured(network: Network): Promise<Measurements> {
  await using engine = await startEngine();
  const model = create(engine.tf, network);
  const batch = randomBatch(model, { seed: 5, objective: network.loss });
  try {
    return await measure(model, batch, { objective: network.loss });
  } finally {
    engine.tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
  }
}

const BROKEN: Network[] = [
  { activation: "softmax", loss: "categoricalCrossentropy", stddev: 2 },
  { activation: "softmax", loss: "categoricalCrossentropy", stddev: 2, split: true },
  { activation: "softmax", loss: "meanSquaredError", stddev: 2 },
  { activation: "sigmoid", loss: "binaryCrossentropy", stddev: 2 },
];

for (const network of BROKEN) {
  const { activation, loss, split } = network;
  const head = split ? "end" : "out";
  Deno.test(`assertNoVanishingGradients() fails a ${activation} "${head}" that is certain under ${loss}`, async () => {
    const measurements = await measured(network);
    const { message } = assertThrows(
      () => assertNoVanishingGradients(measurements),
      AssertionError,
      `The ${activation} of ${head} is certain for every example (rms of z `,
    );
    assertEquals(message.includes(`so ${loss} sends no gradient down`), true);
    assertEquals(message.includes("Fix: Multiply the kernels of h1 ... h10 by 1/11"), true);
    assertThrows(() => assertGradientsFlow(measurements), AssertionError, "h1/kernel");
    assertThrows(
      () => assertGradientsFlow(measurements, { layers: ["out"] }),
      AssertionError,
      "which says why the head lets no gradient through",
    );
  });
}

Deno.test("assertNoVanishingGradients() passes a certain head's network once it is rescaled, or starts at zero", async () => {
  const [network] = BROKEN;
  const healthy = await measured({ ...network, stddev: Math.sqrt(2 / 64) });
  assertNoVanishingGradients(healthy);
  assertGradientsFlow(healthy);
  // A head of zeros sends nothing down, and trains: it guesses.
  const zeros = await measured({ ...network, stddev: Math.sqrt(2 / 64), zeros: true });
  assertNoVanishingGradients(zeros);
  assertGradientsFlow(zeros);
  const warned = runRules(zeros).filter(({ rule, severity }) =>
    rule === "vanishing-gradients" && severity === "warning"
  );
  assertEquals(warned.length, 1);
});
