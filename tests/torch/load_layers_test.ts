import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { Layer, LayersModel, Tensor } from "../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { loadWeights, ModelError } from "../../src/entry/model.ts";
import { fixture, readExpected } from "./fixture.ts";

const { tf } = await startEngine();
const { EinsumDense, MultiHeadAttention } = kerasLayers(tf);

/** The network of bench/peers/make_torch_attention.py. */
function network(isNamed: boolean) {
  const named = (name: string) => isNamed ? { name } : {};
  const x = tf.input({ shape: [5, 8] }), memory = tf.input({ shape: [4, 6] });
  const norm = (name: string, of: typeof x) =>
    tf.layers.layerNormalization({ epsilon: 1e-5, ...named(name) }).apply(of) as typeof x;
  const y = norm("norm1", x);
  const own = new MultiHeadAttention({
    numHeads: 2,
    keyDim: 4,
    useCausalMask: true,
    ...named("own"),
  });
  const first = tf.layers.add().apply([x, own.apply([y, y]) as typeof x]) as typeof x;
  const cross = new MultiHeadAttention({ numHeads: 4, keyDim: 2, ...named("cross") });
  const attended = cross.apply([norm("norm2", first), memory]) as typeof x;
  const second = tf.layers.add().apply([first, attended]);
  const head = tf.layers.dense({ units: 3, ...named("head") }).apply(second) as typeof x;
  return tf.model({ inputs: [x, memory], outputs: head });
}

const CASES: [file: string, isNamed: boolean][] = [
  ["attention.pt", false],
  ["attention.pt", true],
  ["attention.safetensors", true],
];

for (const [file, isNamed] of CASES) {
  const how = isNamed ? "by names" : "by shapes and order";
  Deno.test(`loadWeights() of ${file} ${how} gives the outputs of PyTorch's attentions`, async () => {
    const figures = JSON.parse(await Deno.readTextFile(fixture("attention.json")));
    const model = network(isNamed);
    const { layers } = await loadWeights(model, fixture(file), { layout: "pytorch" });
    assertEquals(layers.filter(({ from }) => from.startsWith("own")).map(({ from }) => from), [
      "own.query",
      "own.key",
      "own.value",
      "own.attention_output",
    ]);
    tf.tidy(() => {
      const inputs = [tf.tensor(figures.x, [2, 5, 8]), tf.tensor(figures.memory, [2, 4, 6])];
      const found = (model.predict(inputs) as Tensor).dataSync();
      assertEquals(found.length, figures.outputs.length);
      found.forEach((value, i) =>
        assertAlmostEquals(value, figures.outputs[i], 3e-6, `output ${i}`)
      );
    });
    model.dispose();
  });
}

Deno.test("loadWeights() refuses a kernel that PyTorch has as no matrix", async () => {
  const model = tf.sequential();
  model.add(
    new EinsumDense({
      name: "turned",
      equation: "ab,cb->ac",
      outputShape: 3,
      inputShape: [4],
    }),
  );
  const error = await assertRejects(
    () => loadWeights(model, fixture("attention.pt"), { layout: "pytorch" }),
    ModelError,
  );
  assertEquals(
    error.message.replace(fixture("attention.pt"), "FILE"),
    'FILE: Layer "turned" has a kernel of shape [3, 4] that is summed over other axes than the first, ' +
      "expected a kernel that is a matrix in PyTorch",
  );
  model.dispose();
});

const { passes } = await readExpected();

/** A GRU as a file of Keras has it; TensorFlow.js's own function refuses resetAfter. */
function gru(config: Record<string, unknown>): Layer {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as never as {
    classNameMap: Record<string, [unknown, (cls: unknown, config: object) => Layer]>;
  };
  const [cls, fromConfig] = classNameMap.GRU;
  return fromConfig(cls, { recurrentActivation: "sigmoid", units: 5, ...config });
}

/** The network of bench/peers/make_torch_files.py called Words. */
const words = (config: Record<string, unknown>): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: 11, outputDim: 8, inputShape: [6] }),
      tf.layers.lstm({ units: 7, returnSequences: true, recurrentActivation: "sigmoid" }),
      gru(config),
      tf.layers.layerNormalization({ epsilon: 1e-5 }),
      tf.layers.dense({ units: 2 }),
    ],
  });

Deno.test("loadWeights() puts the gates and both biases of PyTorch's GRU where they belong", async () => {
  const model = words({ resetAfter: true });
  const { layers } = await loadWeights(model, fixture("words.pt"));
  assertEquals(layers[2], { layer: "gru_1", from: "gru.l0" });
  const { inputs, outputs } = passes.words;
  const batch = tf.tensor(inputs, [3, 6]);
  const output = model.predict(batch) as Tensor;
  output.dataSync().forEach((value, i) => assertAlmostEquals(value, outputs[i], 2e-6, `${i}`));
  tf.dispose([batch, output]);
  model.dispose();
});

const REFUSALS: [what: string, config: Record<string, unknown>, message: string][] = [
  [
    "resets before the matrix product",
    {},
    "is a GRU that resets its state before the matrix product, and PyTorch's resets after it, " +
    "expected one with resetAfter, as Keras makes it",
  ],
  [
    "has other gates than PyTorch's",
    { resetAfter: true, recurrentActivation: "hardSigmoid" },
    "has the activations tanh and hardSigmoid (recurrentActivation), expected tanh and sigmoid as " +
    "PyTorch's GRU has",
  ],
  [
    "has no biases",
    { resetAfter: true, useBias: false },
    'is gru [7, 15], and no layer of the file is: "gru.l0" of the file is gru [7, 15] + bias',
  ],
];

for (const [what, config, message] of REFUSALS) {
  Deno.test(`loadWeights() refuses a GRU that ${what}`, async () => {
    const model = words(config);
    await assertRejects(
      () => loadWeights(model, fixture("words.pt")),
      ModelError,
      `Layer "gru_1" ${message}`,
    );
    model.dispose();
  });
}

const { Conv1DTranspose, DepthwiseConv1D, GroupNormalization, RMSNormalization } = kerasLayers(tf);

/** The normNetwork of bench/peers/make_torch_norms.py. */
function normNetwork({ isNamed = false, units = 5, scaled = true } = {}) {
  const named = (name: string) => isNamed ? { name } : {};
  const norm = { epsilon: 1e-5, axis: -1 };
  return tf.sequential({
    layers: [
      new DepthwiseConv1D({
        kernelSize: 3,
        depthMultiplier: 2,
        inputShape: [7, 4],
        ...named("depth"),
      }),
      new GroupNormalization({ groups: 2, epsilon: 1e-5, ...named("group_norm") }),
      tf.layers.reLU(),
      new Conv1DTranspose({ filters: 6, kernelSize: 2, strides: 2, ...named("up") }),
      tf.layers.layerNormalization({ ...norm, center: !scaled, ...named("norm") }),
      tf.layers.dense({ units, ...named("layers_0") }),
      new RMSNormalization({ epsilon: 1e-6, ...named("layers_1") }),
      tf.layers.activation({ activation: "tanh" }),
      tf.layers.dense({ units: 3, ...named("layers_3") }),
    ],
  });
}

for (const isNamed of [true, false]) {
  Deno.test(`loadWeights() puts PyTorch's normalisations where they belong, ${isNamed ? "by names" : "by shapes and order"}`, async () => {
    const figures = JSON.parse(await Deno.readTextFile(fixture("norms.json")));
    const model = normNetwork({ isNamed });
    const { layers } = await loadWeights(model, fixture("norms.pt"));
    assertEquals(layers.map(({ from }) => from), [
      "depth",
      "group_norm",
      "up",
      "norm",
      "layers.0",
      "layers.1",
      "layers.3",
    ]);
    tf.tidy(() => {
      const output = model.predict(tf.tensor(figures.x, [2, 7, 4])) as Tensor;
      assertEquals(output.shape, figures.shape);
      output.dataSync().forEach((value, i) =>
        assertAlmostEquals(value, figures.outputs[i], 3e-6, `output ${i}`)
      );
    });
    model.dispose();
  });
}

Deno.test("loadWeights() refuses a normalisation with a shift for one without, and one of another size", async () => {
  for (
    const [options, message] of [
      [{ scaled: false }, /Layer "\S+" is layer norm \[6\] \+ beta, and no layer of the file is/],
      [{ units: 4 }, /Layer "\S+" is dense \[6, 4\] \+ bias, and no layer of the file is/],
    ] as const
  ) {
    const model = normNetwork(options);
    const error = await assertRejects(() => loadWeights(model, fixture("norms.pt")), ModelError);
    assertEquals(message.test(error.message), true, error.message);
    model.dispose();
  }
});
