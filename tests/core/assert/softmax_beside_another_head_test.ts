import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import { assertHealthy, assertNoVanishingGradients } from "../../../src/core/assert/assertions.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

interface Branches {
  /** Activation of the head `classes`. */
  classes?: string;
  /** Activation of the layers of its branch. */
  activation?: string;
  /** Activation of the layers under the head `value`. */
  value?: string;
  /** True if activations are separate layers. */
  split?: boolean;
  seed?: number;
}

/** A trunk of two layers, six under a head of four classes (four of relu), six under one of a value. */
function twoHeaded(tf: TensorFlow, given: Branches): LayersModel {
  const { classes = "softmax", activation = "tanh", value = "tanh", split = false, seed = 5 } =
    given;
  let drawn = 100 * seed;
  const dense = (name: string, units: number, activation: string, scale: number) => (x: Tensor) => {
    const kernelInitializer = tf.initializers.randomNormal({
      stddev: scale / Math.sqrt(64),
      seed: ++drawn,
    });
    const options = { name, units, kernelInitializer };
    if (!split) return tf.layers.dense({ ...options, activation: activation as "tanh" }).apply(x);
    return tf.layers.activation({ name: `${name}_a`, activation: activation as "tanh" })
      .apply(tf.layers.dense(options).apply(x));
  };
  const stack = (x: Tensor, name: string, depth: number, activation: string): Tensor => {
    const scale = activation === "relu" ? Math.SQRT2 : 1;
    return Array.from({ length: depth }, (_, i) => dense(`${name}_${i + 1}`, 64, activation, scale))
      .reduce((below, layer) => layer(below) as Tensor, x);
  };
  const input = tf.input({ shape: [64] });
  const trunk = stack(input as unknown as Tensor, "trunk", 2, "tanh");
  const outputs = [
    dense("classes", 4, classes, 1)(stack(trunk, "a", activation === "relu" ? 4 : 6, activation)),
    dense("value", 1, "tanh", 0.1)(stack(trunk, "b", 6, value)),
  ] as unknown as (typeof input)[];
  return tf.model({ inputs: input, outputs });
}

async function measured(given: Branches): Promise<Measurements> {
  await using engine = await startEngine();
  const model = twoHeaded(engine.tf, given);
  const batch = randomBatch(model, { seed: given.seed ?? 5 });
  try {
    return await measure(model, batch, { objective: "sum" });
  } finally {
    engine.tf.dispose([batch.inputs]);
    model.dispose();
  }
}

const found = (measurements: Measurements) =>
  runRules(measurements)
    .filter(({ severity }) => severity !== "note")
    .map(({ rule, severity, layer }) => `${rule} ${severity} ${layer}`);

for (const split of [false, true]) {
  const style = split ? "Dense + Activation" : "Dense(activation)";
  const softmax = split ? "classes_a" : "classes";
  const warned = [
    `vanishing-gradients warning ${softmax}`,
    `exploding-gradients warning ${softmax}`,
  ];

  Deno.test(`assertHealthy() passes a softmax head beside a healthy one, ${style}, with warnings`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      for (const activation of ["tanh", "relu"]) {
        const measurements = await measured({ split, seed, activation });
        assertHealthy(measurements);
        assertEquals(found(measurements), warned);
      }
    }
  });

  Deno.test(`assertHealthy() fails a vanishing branch beside a softmax head, ${style}`, async () => {
    const measurements = await measured({ split, value: "sigmoid" });
    assertThrows(
      () => assertHealthy(measurements),
      AssertionError,
      "vanishing gradients in trunk_1",
    );
    assertThrows(
      () => assertNoVanishingGradients(measurements),
      AssertionError,
      "trunk_1 receives",
    );
  });

  Deno.test(`assertHealthy() judges two heads without a softmax whole, ${style}`, async () => {
    const measurements = await measured({ split, classes: "linear" });
    assertHealthy(measurements);
    assertEquals(found(measurements), []);
    const vanishing = await measured({ split, classes: "linear", activation: "sigmoid" });
    assertThrows(() => assertHealthy(vanishing), AssertionError, "vanishing gradients in a_1");
  });
}
