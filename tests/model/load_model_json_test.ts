import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LayersModel } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel, getWeights, loadModel, randomBatch } from "../../src/model/mod.ts";
import { saveModel, type SaveOptions, withFolder } from "./save_model.ts";

const { tf } = await startEngine();

/** Saves a model and loads it; hands both to a function. */
async function roundTrip(
  model: LayersModel,
  compare: (loaded: LayersModel) => void,
  options: SaveOptions = {},
) {
  await withFolder(async (folder) => {
    const { model: loaded } = await loadModel(await saveModel(tf, model, folder, options));
    try {
      compare(loaded);
    } finally {
      loaded.dispose();
    }
  });
}

const predict = (model: LayersModel) => {
  const { inputs } = randomBatch(model, { examples: 4 });
  const output = tf.tidy(() => [model.predict(inputs)].flat().flatMap((y) => [...y.dataSync()]));
  tf.dispose([inputs].flat());
  return output;
};

Deno.test("loadModel() loads each golden model with its weights", async () => {
  const golden = new URL("../../fixtures/golden/", import.meta.url);
  let cases = 0;
  for await (const { name, isDirectory } of Deno.readDir(golden)) {
    if (!isDirectory) continue;
    const folder = `${golden.pathname}${name}`;
    const loaded = await loadModel(`${folder}/model.json`);
    const bytes = await Deno.readFile(`${folder}/weights.bin`);
    const values = Object.values(getWeights(loaded.model)).flatMap((weight) => [...weight.values]);
    assertEquals(values, [...new Float32Array(bytes.buffer)]);
    const { model: _, ...rest } = loaded;
    assertEquals(rest, {
      name,
      source: `${folder}/model.json`,
      path: `${folder}/model.json`,
      kind: "json",
      seed: null,
      objective: null,
      createBatch: null,
      recreate: null,
    });
    loaded.model.dispose();
    cases++;
  }
  assertEquals(cases, 8);
});

Deno.test("loadModel() names a model after its file where the file gives no name", async () => {
  const saved = exerciseModel({ width: 5, depth: 2 });
  await withFolder(async (folder) => {
    const path = await saveModel(tf, saved, folder);
    const json = JSON.parse(await Deno.readTextFile(path));
    delete json.modelTopology.config.name;
    await Deno.writeTextFile(path, JSON.stringify(json));
    for (let loaded = 0; loaded < 2; loaded++) {
      const { model, name } = await loadModel(path);
      assertEquals(name, "model");
      model.dispose();
    }
  });
  saved.dispose();
});

Deno.test("loadModel() joins shards wherever they are cut", async () => {
  const model = exerciseModel({ width: 5, depth: 2 });
  for (const shard of [1000, 100, 7]) {
    await roundTrip(model, (loaded) => {
      assertEquals(getWeights(loaded), getWeights(model));
    }, { shard });
  }
  model.dispose();
});

Deno.test("loadModel() reads files in folders below the model's, and links that stay inside", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/b c`, { recursive: true });
    const path = await saveModel(tf, model, folder, { file: () => "a/b c/w ü#?.bin" });
    await Deno.symlink("a/b c", `${folder}/link`);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("a/b c", "link"));
    const { model: loaded } = await loadModel(path);
    assertEquals(getWeights(loaded), getWeights(model));
    loaded.dispose();
  });
  model.dispose();
});

Deno.test("loadModel() leaves the weights and no other tensor", async () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const before = tf.memory().numTensors;
  await roundTrip(model, () => assertEquals(tf.memory().numTensors - before, 6));
  assertEquals(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("loadModel() loads every kind of layer, nested, shared and recurrent ones", async () => {
  const input = tf.input({ shape: [6, 4], name: "in" });
  const shared = tf.layers.dense({ name: "shared", units: 4, activation: "hardSigmoid" as "relu" });
  const tower = tf.sequential({
    name: "tower",
    layers: [
      tf.layers.conv1d({
        name: "conv",
        filters: 4,
        kernelSize: 3,
        padding: "same",
        inputShape: [6, 4],
      }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  const twice = shared.apply(shared.apply(tower.apply(input))) as never;
  const both = tf.layers.bidirectional({
    name: "both",
    layer: tf.layers.lstm({ name: "lstm", units: 3, returnSequences: true }) as never,
    mergeMode: "concat",
  }).apply(twice);
  const td = tf.layers.timeDistributed({
    name: "td",
    layer: tf.layers.dense({ name: "inner", units: 2 }),
  });
  const cells = [tf.layers.gruCell({ units: 2 }), tf.layers.simpleRNNCell({ units: 2 })];
  const rnn = tf.layers.rnn({ name: "rnn", cell: cells as never });
  const other = tf.layers.add().apply([input, twice]);
  const model = tf.model({
    inputs: input,
    outputs: [rnn.apply(td.apply(both)), tf.layers.flatten().apply(other)] as never[],
  });
  await roundTrip(model, (loaded) => {
    const [before, after] = [getWeights(model), getWeights(loaded)].map((weights) =>
      Object.entries(weights).map(([name, { shape, values }]) => [name, shape, values])
    );
    assertEquals(after, before);
    assertEquals(predict(loaded), predict(model));
  });
  model.dispose();
});

Deno.test("loadModel() loads a topology that Keras 2 wrote", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: 3, returnSequences: true, inputShape: [4, 2] }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 2, activation: "hardSigmoid" }),
    ],
  });
  const inbound = (name: string) => [[[name, 0, 0, {}]]];
  const config = (name: string, more: Record<string, unknown>) => ({
    name,
    config: { name, trainable: true, dtype: "float32", ...more },
  });
  const names = [
    "my_lstm/lstm_cell_7/kernel",
    "my_lstm/lstm_cell_7/recurrent_kernel",
    "my_lstm/lstm_cell_7/bias",
    "norm_1/gamma",
    "norm_1/beta",
    "top/kernel",
    "top/bias",
    "norm_1/moving_mean",
    "norm_1/moving_variance",
  ];
  const keras = {
    model_config: {
      class_name: "Functional",
      config: {
        name: "my_model",
        layers: [
          {
            class_name: "InputLayer",
            ...config("in_1", { batch_input_shape: [null, 4, 2], sparse: false, ragged: false }),
            inbound_nodes: [],
          },
          {
            class_name: "LSTM",
            ...config("my_lstm", {
              units: 3,
              return_sequences: true,
              activation: "tanh",
              recurrent_activation: "sigmoid",
              kernel_initializer: { class_name: "GlorotUniform", config: { seed: null } },
              recurrent_initializer: { class_name: "Orthogonal", config: { gain: 1, seed: null } },
              kernel_regularizer: { class_name: "L2", config: { l2: 0.25 } },
              unit_forget_bias: true,
              implementation: 2,
            }),
            inbound_nodes: inbound("in_1"),
          },
          {
            class_name: "BatchNormalization",
            ...config("norm_1", { axis: [2], momentum: 0.99, epsilon: 0.001 }),
            inbound_nodes: inbound("my_lstm"),
          },
          {
            class_name: "Dense",
            ...config("top", { units: 2, activation: "hard_sigmoid", use_bias: true }),
            inbound_nodes: inbound("norm_1"),
          },
        ],
        input_layers: [["in_1", 0, 0]],
        output_layers: [["top", 0, 0]],
      },
    },
    keras_version: "2.8.0",
    backend: "tensorflow",
  };
  await roundTrip(model, (loaded) => {
    assertEquals(loaded.name, "my_model");
    // The default recurrent activation of TensorFlow.js is another than Keras's.
    (model.layers[0] as unknown as { cell: { recurrentActivation: unknown } }).cell
      .recurrentActivation = (loaded.layers[1] as unknown as typeof model.layers[0] & {
        cell: { recurrentActivation: unknown };
      }).cell.recurrentActivation;
    assertEquals(predict(loaded), predict(model));
    const { kernelRegularizer } = (loaded.layers[1] as unknown as {
      cell: { kernelRegularizer: { l1: number; l2: number } };
    }).cell;
    assertEquals([kernelRegularizer.l1, kernelRegularizer.l2], [0, 0.25]);
  }, {
    edit: (json) => {
      const [{ weights }] = json.weightsManifest;
      weights.forEach((weight: { name: string }, i: number) => weight.name = names[i]);
      return { ...json, modelTopology: keras };
    },
  });
  model.dispose();
});

Deno.test("loadModel() loads a Sequential whose layers stand where its configuration should", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await roundTrip(model, (loaded) => assertEquals(predict(loaded), predict(model)), {
    edit: (json) => {
      json.modelTopology.config = json.modelTopology.config.layers;
      return json;
    },
  });
  model.dispose();
});

Deno.test("loadModel() leaves the optimizer's weights out", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await roundTrip(model, (loaded) => assertEquals(getWeights(loaded), getWeights(model)), {
    edit: (json) => {
      json.weightsManifest[0].weights.splice(1, 0, {
        name: "dense_1/kernel/m",
        shape: [3],
        dtype: "float32",
        group: "optimizer",
      });
      return json;
    },
    editWeights: (bytes) => {
      // The kernel is 16 bytes; the optimizer's 12 follow it.
      return new Uint8Array([...bytes.slice(0, 16), ...new Uint8Array(12), ...bytes.slice(16)]);
    },
  });
  model.dispose();
});

/** IEEE half precision, from its bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

Deno.test("loadModel() unpacks quantised weights as their definition says", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [4], useBias: false })],
  });
  const packed = fc.constantFrom("uint8", "uint16", "float16");
  const finite = fc.float({ min: -1e3, max: 1e3, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      packed,
      fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 4, maxLength: 4 }),
      finite,
      finite,
      async (dtype, bits, scale, min) => {
        const raw = dtype === "uint8" ? Uint8Array.from(bits) : Uint16Array.from(bits);
        await roundTrip(model, (loaded) => {
          const { values } = Object.values(getWeights(loaded))[0];
          const expected = dtype === "float16"
            ? bits.map(half)
            : [...raw].map((value) => Math.fround(value * scale + min));
          assertEquals([...values], expected);
        }, {
          edit: (json) => {
            json.weightsManifest[0].weights[0].quantization = dtype === "float16"
              ? { dtype }
              : { dtype, scale, min };
            return json;
          },
          editWeights: () => new Uint8Array(raw.buffer),
        });
      },
    ),
    { numRuns: 30 },
  );
  model.dispose();
});

Deno.test("loadModel() registers custom classes from a module first", async () => {
  await withFolder(async (folder) => {
    const register = `${folder}/register #1.ts`;
    await Deno.writeTextFile(
      register,
      `export async function register({ tf }: any) {
        await Promise.resolve();
        class Twice extends tf.layers.Layer {
          static className = "Twice_Test";
          call(x: any) { return tf.mul([x].flat()[0], 2); }
        }
        tf.serialization.registerClass(Twice);
      }`,
    );
    const model = tf.sequential({
      layers: [
        tf.layers.activation({ activation: "linear", inputShape: [2] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    const path = await saveModel(tf, model, folder, {
      edit: (json) => {
        json.modelTopology.config.layers[0].class_name = "Custom>Twice_Test";
        return json;
      },
    });
    const { model: loaded } = await loadModel(path, { register: [register] });
    const twice = 2 * predict(model)[0];
    assertAlmostEquals(predict(loaded)[0], twice, 1e-6);
    assert(twice !== 0);
    loaded.dispose();
    model.dispose();
  });
});

Deno.test("loadModel() takes any batch size that a model is built for, unless it keeps a state for each example", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, batchInputShape: [5_000_000, 1] })],
  });
  await roundTrip(model, (loaded) => assertEquals(loaded.inputs[0].shape, [5_000_000, 1]));
  model.dispose();
});
