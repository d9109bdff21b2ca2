import { assertEquals } from "@std/assert";
import { activationScale } from "../../src/core/rules/signal/activation_scale.ts";
import { gradientBalance } from "../../src/core/rules/signal/gradient_balance.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";

/** A network as the initialisers of TensorFlow.js draw it, and the worst that is said of it. */
interface Drawn {
  initializer: "heNormal" | "heUniform" | "leCunNormal" | "glorotNormal" | "glorotUniform";
  activation: "relu" | "tanh" | "elu" | "gelu";
  widths: number[];
  worst: "none" | "warning" | "error";
}

const deep = (depth: number, width = 64) => [20, ...Array<number>(depth).fill(width)];

// Its normals are cut at two deviations: 0.88 of what the scheme asks for, 0.36 after eight layers.
const DRAWN: Drawn[] = [
  { initializer: "heNormal", activation: "relu", widths: deep(8), worst: "none" },
  { initializer: "heNormal", activation: "relu", widths: deep(8, 256), worst: "none" },
  { initializer: "heNormal", activation: "gelu", widths: deep(8), worst: "none" },
  { initializer: "leCunNormal", activation: "tanh", widths: deep(12), worst: "none" },
  // Networks as in a first tutorial: the default initialiser, and the deeper the worse.
  { initializer: "glorotUniform", activation: "relu", widths: [4, 24, 24], worst: "warning" },
  { initializer: "glorotNormal", activation: "relu", widths: deep(3), worst: "warning" },
  { initializer: "glorotUniform", activation: "relu", widths: deep(5), worst: "warning" },
  { initializer: "heNormal", activation: "elu", widths: deep(8), worst: "warning" },
  { initializer: "glorotUniform", activation: "relu", widths: deep(10), worst: "warning" },
  { initializer: "glorotUniform", activation: "relu", widths: deep(26), worst: "error" },
];

for (const { initializer, activation, widths, worst } of DRAWN) {
  const what = `${initializer} ${activation} ${widths.length - 1} x ${widths.at(-1)}`;
  Deno.test(`activationScale finds ${worst} in ${what}`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    for (let seed = 1; seed <= 8; seed++) {
      const model = tf.sequential();
      for (const [i, units] of [...widths.slice(1), 1].entries()) {
        const kernelInitializer = tf.initializers[initializer]({ seed: 100 * seed + i });
        const own = i < widths.length - 1 ? activation : "linear";
        const shape = i === 0 ? { inputShape: [widths[0]] } : {};
        model.add(tf.layers.dense({ units, activation: own, kernelInitializer, ...shape }));
      }
      const batch = randomBatch(model, { seed });
      const severities = activationScale.run(await measure(model, batch))
        .map(({ severity }) => severity);
      const found = ["error", "warning"].find((one) => severities.some((s) => s === one));
      assertEquals(found ?? "none", worst, `seed ${seed}`);
      tf.dispose(batch.inputs);
      model.dispose();
    }
  });
}

for (const slope of [0, 0.01, 0.2]) {
  Deno.test(`gradientBalance finds none in heNormal, slope ${slope}, 30 x 64`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    for (let seed = 1; seed <= 8; seed++) {
      const model = tf.sequential();
      for (let i = 0; i < 30; i++) {
        const kernelInitializer = tf.initializers.heNormal({ seed: 100 * seed + i });
        model.add(tf.layers.dense({ units: 64, inputShape: [64], kernelInitializer }));
        model.add(tf.layers.leakyReLU({ alpha: slope }));
      }
      model.add(tf.layers.dense({ units: 1 }));
      const batch = randomBatch(model, { seed });
      assertEquals(gradientBalance.run(await measure(model, batch)), [], `seed ${seed}`);
      tf.dispose(batch.inputs);
      model.dispose();
    }
  });
}
