import type { Symbolic } from "../../networks/signal_kit.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { randomBatch } from "../../../src/entry/model.ts";
import { measure } from "../../../src/entry/measure.ts";
import { SeededRandom } from "../../../src/core/model/batches/seeded_random.ts";
import { activationScale } from "../../../src/core/rules/signal/activation_scale.ts";
import { gradientBalance } from "../../../src/core/rules/signal/gradient_balance.ts";
import { gradientRatio } from "../../../src/core/rules/signal/gradient_ratio.ts";
import { gain } from "../../../src/ground/theory/criticality.ts";
import { assertEquals } from "@std/assert";

const { tf } = await startEngine({ threads: 1 });

const DEPTH = 6;
const WIDTH = 64;

/** Ways to write the same network. */
const FORMS = ["sequential", "functional", "zero branch", "equal branches"] as const;

/** Layers that only some forms have. */
const ADDED = ["zeros", "sum", "twin", "mean"];

/** Normal kernels whose scale is `factor` times the gain of the activation. */
function drawKernels(activation: string, factor: number): number[][][] {
  const random = new SeededRandom(7, "kernels");
  return Array.from({ length: DEPTH + 1 }, (_, layer) => {
    const isHead = layer === DEPTH;
    const std = (isHead ? 1 : factor * gain(activation)!) / Math.sqrt(WIDTH);
    const row = () => Array.from({ length: isHead ? 1 : WIDTH }, () => std * normal(random));
    return Array.from({ length: WIDTH }, row);
  });
}

function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}

/** The same kernels as a chain, or with a parallel branch half-way that changes no output. */
function build(
  tf: TensorFlow,
  form: typeof FORMS[number],
  activation: string,
  kernels: number[][][],
) {
  const dense = (layer: number, name = layer === DEPTH ? "head" : `dense_${layer + 1}`) => {
    const kernel = tf.tensor2d(kernels[layer]);
    const bias = tf.zeros([kernel.shape[1]!]);
    return tf.layers.dense({
      name,
      units: kernel.shape[1]!,
      activation: (layer === DEPTH ? "linear" : activation) as "relu",
      weights: [kernel, bias],
      ...layer === 0 ? { inputShape: [WIDTH] } : {},
    });
  };
  const layers = kernels.map((_, layer) => dense(layer));
  if (form === "sequential") return tf.sequential({ layers });
  const input = tf.input({ shape: [WIDTH] });
  let x: Symbolic = input;
  for (const [index, layer] of layers.entries()) {
    const own = layer.apply(x) as Symbolic;
    const isMiddle = index === DEPTH / 2;
    if (isMiddle && form === "zero branch") {
      const zeros = tf.layers.dense({ name: "zeros", units: WIDTH, kernelInitializer: "zeros" });
      x = tf.layers.add({ name: "sum" })
        .apply([own, zeros.apply(x) as Symbolic]) as Symbolic;
    } else if (isMiddle && form === "equal branches") {
      x = tf.layers.average({ name: "mean" })
        .apply([own, dense(index, "twin").apply(x) as Symbolic]) as Symbolic;
    } else x = own;
  }
  return tf.model({ inputs: input, outputs: x });
}

/** Severity and kind of the findings of each mean-field rule. */
async function verdicts(form: typeof FORMS[number], activation: string, factor: number) {
  const model = build(tf, form, activation, drawKernels(activation, factor));
  const objective = "meanSquaredError";
  const batch = randomBatch(model, { examples: 32, seed: 1, objective });
  const measurements = await measure(model, batch, { objective });
  model.dispose();
  tf.dispose([batch.inputs, batch.targets ?? []]);
  const found = [activationScale, gradientBalance, gradientRatio].flatMap((rule) =>
    rule.run(measurements).filter(({ layer }) => !ADDED.includes(layer!))
  );
  return [...new Set(found.map(({ rule, severity, kind }) => `${rule} ${severity} ${kind}`))];
}

for (
  const [activation, factor, expected] of [
    ["tanh", 1, []],
    ["relu", 1, []],
    ["tanh", 0.02, ["activation-scale error too-small", "gradient-balance error spread"]],
    ["relu", 0.02, ["activation-scale error too-small", "gradient-balance error spread"]],
    ["relu", 0.45, ["activation-scale warning too-small", "gradient-balance warning spread"]],
    ["tanh", 10, ["activation-scale error too-large", "gradient-balance error spread"]],
    ["relu", 10, ["activation-scale error too-large", "gradient-balance error spread"]],
  ] as const
) {
  for (const form of FORMS) {
    Deno.test(`${activation} kernels ${factor} times the gain get one verdict: ${form}`, async () => {
      assertEquals(await verdicts(form, activation, factor), [...expected]);
    });
  }
}
