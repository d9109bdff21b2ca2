import { assertEquals } from "@std/assert";
import type * as tfjs from "@tensorflow/tfjs";
import { startEngine } from "../../../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../../../src/engine/tensorflow.ts";
import { measure } from "../../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../../src/core/model/batches/random_batch.ts";
import { runRules } from "../../../../src/core/rules/judge_rule.ts";

type Act = (tf: TensorFlow, x: Tensor) => Tensor;

/** Dense layers drawn 20 times too small, each behind a layer that its author wrote. */
function network(tf: TensorFlow, act: Act, factor: number) {
  class Written extends tf.layers.Layer {
    static readonly className = "Written";
    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => act(tf, [inputs].flat()[0]));
    }
  }
  const layers = [1, 2, 3].flatMap((seed): tfjs.layers.Layer[] => [
    tf.layers.dense({
      units: 64,
      inputShape: [64],
      kernelInitializer: tf.initializers.randomNormal({ stddev: factor / 8, seed }),
    }),
    new Written({}) as tfjs.layers.Layer,
  ]);
  const model = tf.sequential({ layers: [...layers, tf.layers.dense({ units: 4 })] });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  return model;
}

const rootMeanSquare: Act = (tf, x) =>
  tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-9)));

Deno.test("normalizes() knows a normalisation that users wrote by what was measured behind it", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const scaled = async (act: Act, factor: number) => {
    const model = network(tf, act, factor);
    const measurements = await measure(model, randomBatch(model, { seed: 1 }));
    model.dispose();
    return runRules(measurements)
      .filter(({ rule, severity }) =>
        severity !== "note" && ["init-scale", "activation-scale"].includes(rule)
      ).length > 0;
  };
  await t.step("division by the root mean square", async () => {
    assertEquals([await scaled(rootMeanSquare, 0.05), await scaled(rootMeanSquare, 20)], [
      false,
      false,
    ]);
  });
  await t.step("a function that only saturates", async () => {
    assertEquals(await scaled((tf, x) => tf.tanh(x), 20), true);
  });
  await t.step("a function that leaves the scale alone", async () => {
    assertEquals(await scaled((tf, x) => tf.add(x, 0), 0.05), true);
  });
});
