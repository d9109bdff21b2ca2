import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { probeInputDependence } from "../../../src/core/probe/mod.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import { createRequire } from "node:module";

/** A package from another file: classes of its own on the same backend. */
function anotherCopy(name: string, file: string): TensorFlow {
  const require = createRequire(import.meta.resolve(name));
  const path = `${name}/dist/${file}`;
  // To evaluate it once more.
  delete require.cache[require.resolve(path)];
  return require(path);
}

const anotherTensorFlow = () => anotherCopy("@tensorflow/tfjs", "tf.es2017.js");

/** A model whose layers TensorFlow.js gets wrong, most without a word, and the shape of its input. */
const MODELS: Record<string, [number[], (tf: TensorFlow) => LayersModel]> = {
  "a causal conv1d": [[6, 2], (tf) =>
    tf.sequential({
      layers: [
        tf.layers.conv1d({
          filters: 3,
          kernelSize: 3,
          padding: "causal",
          dilationRate: 2,
          inputShape: [6, 2],
          kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
        }),
      ],
    })],
  "a conv1d with channels first": [[4, 4], (tf) =>
    tf.sequential({
      layers: [
        tf.layers.conv1d({
          filters: 2,
          kernelSize: 1,
          dataFormat: "channelsFirst",
          inputShape: [4, 4],
          kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
        }),
      ],
    })],
  "a batch normalisation of axis 1 without scale": [[2, 3, 4], (tf) =>
    tf.sequential({
      layers: [tf.layers.batchNormalization({ axis: 1, scale: false, inputShape: [2, 3, 4] })],
    })],
  "a dilated depthwise convolution": [[6, 6, 2], (tf) =>
    tf.sequential({
      layers: [
        tf.layers.depthwiseConv2d({
          kernelSize: 2,
          dilationRate: 2,
          padding: "same",
          inputShape: [6, 6, 2],
          depthwiseInitializer: tf.initializers.glorotNormal({ seed: 3 }),
        }),
      ],
    })],
  "a convolutional lstm with channels first": [[2, 1, 4, 4], (tf) =>
    tf.sequential({
      layers: [
        tf.layers.convLstm2d({
          filters: 2,
          kernelSize: 2,
          dataFormat: "channelsFirst",
          inputShape: [2, 1, 4, 4],
          kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }),
          recurrentInitializer: tf.initializers.glorotNormal({ seed: 5 }),
        }),
      ],
    })],
  "merged masks": [[3, 2], (tf) => {
    const input = tf.input({ shape: [3, 2] });
    const masked = tf.layers.masking().apply(input) as typeof input;
    const merged = tf.layers.multiply().apply([masked, masked]) as typeof input;
    const lstm = tf.layers.lstm({
      units: 2,
      kernelInitializer: tf.initializers.glorotNormal({ seed: 6 }),
      recurrentInitializer: tf.initializers.glorotNormal({ seed: 7 }),
    });
    return tf.model({ inputs: input, outputs: lstm.apply(merged) as typeof input });
  }],
  "a mask that ends before a decoder, inside another model": [[4, 2], (tf) => {
    const recurrent = (units: number, seed: number) =>
      tf.layers.simpleRNN({
        units,
        kernelInitializer: tf.initializers.glorotNormal({ seed }),
        recurrentInitializer: tf.initializers.glorotNormal({ seed: seed + 1 }),
      });
    const inner = tf.sequential({
      layers: [
        tf.layers.masking({ inputShape: [4, 2] }),
        recurrent(3, 8),
        tf.layers.repeatVector({ n: 4 }),
        recurrent(2, 10),
      ],
    });
    return tf.sequential({ layers: [inner, tf.layers.activation({ activation: "tanh" })] });
  }],
};

Deno.test("measure() repairs the layers of another copy of TensorFlow.js as its own", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  const other = anotherTensorFlow();
  assertNotEquals(other.layers.Layer, tf.layers.Layer);
  for (const [name, [shape, make]] of Object.entries(MODELS)) {
    await t.step(name, async () => {
      const x = tf.randomNormal([8, ...shape], 0, 1, "float32", 3);
      // Some steps are padding.
      const inputs = tf.mul(x, tf.cast(tf.greater(x, -0.5), "float32"));
      const figures = async (copy: TensorFlow) => {
        const model = make(copy);
        const { objective, layers } = await measure(model, { inputs });
        // Once measured, it also predicts.
        const y = model.predict(inputs) as Tensor;
        const figures = {
          objective,
          layers: layers.map(({ activations, weights }) => [
            activations,
            weights.map(({ gradients }) => gradients),
          ]),
          output: { shape: y.shape, values: [...y.dataSync()] },
        };
        y.dispose();
        // All copies share the names of variables.
        model.dispose();
        return figures;
      };
      assertEquals(await figures(other), await figures(tf));
      tf.dispose([x, inputs]);
    });
  }
});

Deno.test("a probe repairs the layers of another copy, until the engine stops", async () => {
  const engine = await startEngine();
  const { tf } = engine;
  const other = anotherTensorFlow();
  const { call } = other.layers.alphaDropout({ rate: 0.1 });
  const layer = other.layers.alphaDropout({ rate: 0.5, inputShape: [4000] });
  const model = other.sequential({ layers: [layer] });
  const inputs = tf.zeros([2, 4000]);
  await probeInputDependence(model, { inputs });
  assertNotEquals(layer.call, call);
  // Half of the entries are dropped to where a selu saturates; stock has the sign wrong.
  const dropped = tf.tidy(() => tf.min(layer.apply(inputs, { training: true }) as Tensor));
  assert(dropped.dataSync()[0] < -0.5);
  const mean = tf.tidy(() => tf.mean(layer.apply(inputs, { training: true }) as Tensor));
  assertAlmostEquals(mean.dataSync()[0], 0, 0.1);
  tf.dispose([dropped, mean, inputs]);
  model.dispose();
  await engine.stop();
  assertEquals(layer.call, call);
});

Deno.test("measure() puts kernels and gradients back that another copy has replaced", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const gradient = tf.getGradient("MirrorPad");
  const kernels = tf.getKernelsForBackend("wasm");
  const mine = { ...tf.getGradient("Cos") };
  tf.registerGradient(mine);
  class Pad extends tf.layers.Layer {
    static readonly className = "Pad";
    override computeOutputShape([batch, steps]: number[]) {
      return [batch, steps + 2];
    }
    override call(x: Tensor | Tensor[]) {
      return tf.mirrorPad([x].flat()[0], [[0, 0], [1, 1]], "reflect");
    }
  }
  const inputs = tf.tensor2d([[1, 2, 3]]);
  const figures = async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [3], kernelInitializer: "ones" }),
        new Pad({}) as never,
      ],
    });
    const { objective, layers } = await measure(model, { inputs });
    model.dispose();
    return { value: objective.value, gradients: layers[0].weights[0].gradients };
  };
  const before = await figures();
  anotherTensorFlow();
  assertNotEquals(tf.getGradient("MirrorPad"), gradient);
  assertEquals(await figures(), before);
  assertStrictEquals(tf.getGradient("MirrorPad"), gradient);
  anotherCopy("@tensorflow/tfjs-backend-wasm", "tf-backend-wasm.es2017.js");
  assertNotEquals(tf.getKernel("Sin", "wasm"), kernels.find((k) => k.kernelName === "Sin"));
  assertEquals(await figures(), before);
  const back = tf.getKernelsForBackend("wasm");
  assertEquals(back.length, kernels.length);
  assert(kernels.every((kernel) => back.includes(kernel)));
  // Classes that a program registers itself stay.
  tf.registerGradient(mine);
  await figures();
  assertStrictEquals(tf.getGradient("Cos"), mine);
  inputs.dispose();
});
