import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { readBatch } from "../../../src/load/read_batch.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { type Network, networkOf } from "../../../src/core/rules/network/network.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { gain } from "../../../src/ground/theory/criticality.ts";
import { layerTraits } from "../../../src/ground/traits/layer_traits.ts";
import { editedProgram, type Json, programPath } from "./edited_program.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine({ threads: 1 });

async function measureModules(
  change: (name: string) => number = () => 1,
  path = programPath("modules.pt2"),
) {
  const objective = "cross_entropy";
  const { model } = await loadModel(path);
  for (const weight of model.weights) {
    const factor = change((weight as unknown as { stateDictName: string }).stateDictName);
    const changed = tf.tidy(() => tf.mul(weight.read(), factor));
    if (factor !== 1) weight.write(changed);
    changed.dispose();
  }
  const batch = await readBatch(programPath("modules.npz"), model, { objective });
  const measured = await measure(model, batch, { objective });
  tf.dispose(batch as never);
  model.dispose();
  return measured;
}

const measured = await measureModules();
const network = networkOf(measured);

/** Module, the class of Keras that computes alike, and the fan-in of its kernel. */
const LAYERS: readonly [name: string, keras: string, fanIn?: number][] = [
  ["rows.linear", "Dense", 8],
  ["lines.conv1d", "Conv1D", 12],
  ["maps.conv2d", "Conv2D", 36],
  ["maps.grouped", "Conv2D", 18],
  ["volumes.conv3d", "Conv3D", 108],
  ["lines.conv_transpose1d", "Conv1DTranspose", 12],
  // Each output sums a quarter of the window at strides of 2.
  ["maps.conv_transpose2d", "Conv2DTranspose", 9],
  ["volumes.conv_transpose3d", "Conv3DTranspose", 108],
  ["attention.linear", "Dense", 8],
  ["attention.linear_1", "Dense", 8],
  ["lines.batch_norm1d", "BatchNormalization"],
  ["maps.batch_norm2d", "BatchNormalization"],
  ["volumes.batch_norm3d", "BatchNormalization"],
  ["lines.instance_norm1d", "GroupNormalization"],
  ["maps.instance_norm2d", "GroupNormalization"],
  ["volumes.instance_norm3d", "GroupNormalization"],
  ["maps.group_norm", "GroupNormalization"],
  ["rows.layer_norm", "LayerNormalization"],
  ["rows.rms_norm", "RMSNormalization"],
  ["embedding", "Embedding"],
  ["rows.lstm", "LSTM"],
  ["rows.lstm/gates", "LSTMCell"],
  ["rows.gru", "GRU"],
  ["rows.gru/candidate", "GRUCell"],
  ["rows.rnn", "SimpleRNN"],
  ["attention.AttentionWeights", "AttentionWeights"],
  ["rows.dropout", "Dropout"],
  ["rows.alpha_dropout", "AlphaDropout"],
  ["maps.dropout2d", "SpatialDropout2D"],
  ["volumes.dropout3d", "SpatialDropout3D"],
  ["lines.max_pool1d", "MaxPooling1D"],
  ["lines.avg_pool1d", "AveragePooling1D"],
  ["maps.max_pool2d", "MaxPooling2D"],
  ["maps.avg_pool2d", "AveragePooling2D"],
  ["volumes.max_pool3d", "MaxPooling3D"],
  ["volumes.avg_pool3d", "AveragePooling3D"],
  ["maps.upsample", "UpSampling2D"],
];

Deno.test("modules of PyTorch have the traits of Keras's layers that compute alike", () => {
  const rows = new Map(measured.layers.map((layer) => [layer.name, layer]));
  const kernels = new Map(network.chain.map((kernel) => [kernel.layer.name, kernel]));
  for (const [name, keras, fanIn] of LAYERS) {
    const row = rows.get(name)!;
    const own = layerTraits(row.className);
    const wanted = layerTraits(keras);
    assertEquals([name, own.kind, own.operation], [name, wanted.kind, wanted.operation]);
    assertEquals([row.kind, row.role], [wanted.kind, "hidden"], name);
    assertEquals(kernels.get(name)?.fanIn, fanIn, name);
  }
  assertEquals(rows.get("head")!.role, "output");
});

/** Modules of activations, and Keras's names of them. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: "relu",
  relu6: "relu",
  leaky_relu: "leakyRelu(0.1)",
  prelu: "prelu",
  elu: "elu",
  celu: "celu",
  selu: "selu",
  gelu: "gelu",
  silu: "swish",
  mish: "mish",
  tanh: "tanh",
  sigmoid: "sigmoid",
  hardsigmoid: "hardSigmoid6",
  hardswish: "hardSilu",
  hardtanh: "hardTanh",
  softplus: "softplus",
  softsign: "softsign",
  softmax: "softmax",
  log_softmax: "logSoftmax",
  log_sigmoid: "logSigmoid",
  glu: "glu",
  tanhshrink: "tanhShrink",
  softshrink: "softShrink",
  hardshrink: "hardShrink",
  threshold: "thresholdedRelu",
  threshold_at_0: "relu",
  threshold_to: "threshold(0.1, 0.5)",
  rrelu: "leakyRelu(0.2)",
};

Deno.test("activations of PyTorch have Keras's names, with the gain and the flat region of each", () => {
  const rows = new Map(measured.layers.map((layer) => [layer.name, layer]));
  for (const [name, activation] of Object.entries(ACTIVATIONS)) {
    assertEquals(rows.get(`rows.${name}`)?.activation, activation, name);
  }
  assertAlmostEquals(gain("relu")!, Math.SQRT2, 1e-9);
  // relu6 is flat above 6 as well, and leaky_relu nowhere.
  const shares = ["relu", "relu6", "sigmoid", "leaky_relu"].map((name) => {
    const { saturatedFraction, deadFraction } = rows.get(`rows.${name}`)!;
    return [saturatedFraction !== null, deadFraction !== null];
  });
  assertEquals(shares, [[false, true], [true, true], [true, false], [false, false]]);
});

Deno.test("a module with drawn slopes has the slope whose square is their mean square", async () => {
  const path = await editedProgram("modules", {
    graph(json) {
      const { inputs } = json.graph_module.graph.nodes.find(({ target }: Json) =>
        target.includes("rrelu")
      );
      const lower = inputs.find(({ name }: Json) => name === "lower");
      lower.arg.as_float = 0.1;
      inputs.find(({ name }: Json) => name === "upper").arg.as_float = 0.5;
    },
  });
  const { layers } = await measureModules(() => 1, path);
  const { activation } = layers.find(({ name }) => name === "rows.rrelu")!;
  // The root of (0.1^2 + 0.1 0.5 + 0.5^2) / 3.
  assertEquals(activation, "leakyRelu(0.321)");
});

/** Kernel of a module as the rules see it. */
const kernelOf = ({ chain }: Network, name: string) =>
  chain.find(({ layer }) => layer.name === `rows.${name}.linear`)!;

Deno.test("of a weight norm and a spectral norm the product is judged, not its parameters", async () => {
  const { products } = JSON.parse(await Deno.readTextFile(programPath("modules.json")));
  const weight = kernelOf(network, "weight_norm").kernel;
  assertAlmostEquals(weight.values.rms, products.weight_norm, 1e-6);
  assertEquals(weight.name, "rows.weight_norm.parametrizations.weight.original0");
  const spectral = kernelOf(network, "spectral_norm");
  // Theory of large random matrices, at 6 by 8.
  assertAlmostEquals(spectral.kernel.values.rms / products.spectral_norm, 1, 0.3);

  const scaledBy = async (pattern: RegExp, factor: number) => {
    const changed = await measureModules((name) => pattern.test(name) ? factor : 1);
    return initScale.run(changed)
      .filter(({ layer }) => /_norm\.linear$/.test(layer ?? ""))
      .map(({ kind, message }) => `${kind}: ${message}`);
  };
  // Neither the direction nor the matrix before the spectral norm has a scale.
  assertEquals(await scaledBy(/original1$|spectral_norm.*original$/, 50), []);
  const [large, ...others] = await scaledBy(/original0$/, 50);
  assertEquals(others, []);
  assert(large.startsWith("too-large: ") && large.includes("original0"), large);
});

Deno.test("a module that calls one with a kernel is not a layer, though its class is named as one of PyTorch", async () => {
  const layersOf = async (from: string, to: string) => {
    const path = await editedProgram("cnn", {
      graph: (json: Json) => {
        Object.assign(json, JSON.parse(JSON.stringify(json).replaceAll(from, to)));
      },
    });
    const { model } = await loadModel(path);
    const names = model.layers.map(({ name }) => name);
    model.dispose();
    return names;
  };
  const plain = await layersOf("__main__.Cnn", "__main__.Other");
  assert(plain.includes("block.conv1"));
  for (const named of ["LSTM", "Upsample", "Linear"]) {
    assertEquals(await layersOf("__main__.Cnn", `__main__.${named}`), plain, named);
    assertEquals(await layersOf("__main__.Block", `__main__.${named}`), plain, named);
  }
  // A normalisation that calls its activation stays one layer.
  const relu = ";L__self__block.relu,block.relu,";
  const within = `;L__self__block.norm,block.norm,__main__.LayerNorm2d${relu}`;
  assert((await layersOf(relu, within)).includes("block.norm"));
});
