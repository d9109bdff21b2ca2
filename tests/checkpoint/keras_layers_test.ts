import { kerasLayers } from "../../src/checkpoint/keras_layers.ts";
import type { FileTensor } from "../../src/files/weights_file.ts";
import type { TorchLayer } from "../../src/files/torch_layers.ts";
import { assertEquals } from "@std/assert";

const tensorsOf = (shapes: Record<string, number[]>): FileTensor[] =>
  Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    type: "float32",
    read: () => new Float32Array(shape.reduce((a, b) => a * b, 1)),
  }));

/** Class, layout, whether it is doubtful, and the roles of the weights. */
type Told = [className: string, layout: string | null, doubtful: boolean, roles: string];

const told = ({ className, layout, doubtful, tensors }: TorchLayer): Told => [
  className,
  layout,
  doubtful,
  tensors.map(({ role }) => role).join(" "),
];

Deno.test("kerasLayers() tells layers with numbered weights apart by order, shapes and names", () => {
  const norm = "scale shift mean variance";
  const cell = "kernel recurrentKernel bias";
  const unknown = (count: number) => Array(count).fill("other").join(" ");
  const rows: [name: string, shapes: number[][], told: Told][] = [
    ["dense", [[3, 4], [4]], ["Dense", "ordinary", false, "kernel bias"]],
    ["dense", [[3, 4]], ["Dense", "ordinary", false, "kernel"]],
    ["conv1d", [[3, 1, 8], [8]], ["Conv1D", "ordinary", false, "kernel bias"]],
    ["conv2d", [[3, 3, 1, 8], [8]], ["Conv2D", "ordinary", false, "kernel bias"]],
    ["conv3d", [[3, 3, 3, 1, 8], [8]], ["Conv3D", "ordinary", false, "kernel bias"]],
    ["conv4d", [[3, 3, 3, 3, 1, 8], [8]], ["Module", null, true, "kernel bias"]],
    ["conv2d_transpose", [[3, 3, 1, 8]], ["Conv2DTranspose", "transposed", false, "kernel"]],
    ["depthwise_conv2d", [[3, 3, 8, 1]], ["DepthwiseConv2D", "depthwise", false, "kernel"]],
    ["rnn", [[3, 4], [4, 4], [4]], ["SimpleRNN", null, false, cell]],
    ["gru", [[3, 12], [4, 12], [2, 12]], ["GRU", null, false, cell]],
    ["lstm", [[3, 16], [4, 16], [16]], ["LSTM", null, false, cell]],
    ["cell", [[3, 8], [4, 8], [8]], ["Module", null, true, cell]],
    ["batch_norm", [[4], [4], [4], [4]], ["BatchNormalization", null, false, norm]],
    ["layer_norm", [[4], [4]], ["LayerNormalization", null, false, "scale shift"]],
    ["rms_norm", [[4]], ["LayerNormalization", null, false, "scale"]],
    ["scale", [[4]], ["Parameter", null, true, unknown(1)]],
    ["three_norms", [[4], [4], [4]], ["Module", null, true, unknown(3)]],
    ["uneven_norm", [[4], [5]], ["Module", null, true, unknown(2)]],
    ["query", [[4, 2, 3], [2, 3]], ["EinsumDense", "einsum ioo", false, "kernel bias"]],
    ["attention_output", [[2, 3, 4], [4]], ["EinsumDense", "einsum iio", false, "kernel bias"]],
    ["value", [[3, 4], [4]], ["Dense", "ordinary", false, "kernel bias"]],
    ["embedding", [[10, 4]], ["Embedding", null, false, "kernel"]],
    ["embedding", [[10, 4], [4]], ["Dense", "ordinary", false, "kernel bias"]],
    ["pair", [[3, 4], [4], [4]], ["Module", null, true, unknown(3)]],
    ["pair", [[3, 4], [4, 5]], ["Dense", "ordinary", false, "kernel bias"]],
    ["pair", [[3, 4], [4, 5, 6]], ["Module", null, true, unknown(2)]],
  ];
  for (const [name, shapes, expected] of rows) {
    const named = shapes.map((shape, i) => [`${name}/vars/${i}`, shape]);
    const layers = kerasLayers(tensorsOf(Object.fromEntries(named)));
    assertEquals(layers.map(told), [expected], `${name} ${JSON.stringify(shapes)}`);
  }
});

Deno.test("kerasLayers() orders numbered weights by their numbers, and names them by their roles", () => {
  const [{ name, tensors }] = kerasLayers(tensorsOf({
    "layers/norm/vars/10": [4],
    "layers/norm/vars/2": [4],
    "layers/norm/vars/1": [4],
    "layers/norm/vars/0": [4],
  }));
  assertEquals([name, ...tensors.map(({ own }) => own)], [
    "norm",
    "gamma",
    "beta",
    "moving_mean",
    "moving_variance",
  ]);
  assertEquals(tensors.map(({ name }) => name.split("/").at(-1)), ["0", "1", "2", "10"]);
});

Deno.test("kerasLayers() tells layers with named weights apart by the names", () => {
  const rows: [weights: Record<string, number[]>, told: Told][] = [
    [{ kernel: [3, 4], bias: [4] }, ["Dense", "ordinary", false, "kernel bias"]],
    [{ bias: [4], kernel: [3, 4] }, ["Dense", "ordinary", false, "bias kernel"]],
    [{ embedding: [9, 4] }, ["Embedding", null, false, "kernel"]],
    [{ embeddings: [9, 4] }, ["Embedding", null, false, "kernel"]],
    [{ depthwise_kernel: [3, 3, 8, 1] }, ["DepthwiseConv2D", "depthwise", false, "kernel"]],
    [{ kernel: [3, 16], recurrent_kernel: [4, 16] }, [
      "LSTM",
      null,
      false,
      "kernel recurrentKernel",
    ]],
    [{ scale: [4] }, ["LayerNormalization", null, false, "scale"]],
    [{ beta: [4] }, ["LayerNormalization", null, false, "shift"]],
    [{ moving_mean: [4], moving_variance: [4] }, [
      "BatchNormalization",
      null,
      false,
      "mean variance",
    ]],
    [{ bias: [4] }, ["Parameter", null, true, "other"]],
    [{ bias: [4], angle: [4] }, ["Module", null, true, "other other"]],
  ];
  for (const [weights, expected] of rows) {
    const named = Object.entries(weights).map(([own, shape]) => [`block/a/${own}`, shape]);
    const layers = kerasLayers(tensorsOf(Object.fromEntries(named)));
    assertEquals(layers.map(told), [expected], JSON.stringify(weights));
    assertEquals(layers[0].tensors.map(({ own }) => own), Object.keys(weights));
  }
});

Deno.test("kerasLayers() takes the name that Keras 2 repeats once, and leaves out what is no float", () => {
  const names = (...paths: string[]) =>
    kerasLayers(tensorsOf(Object.fromEntries(paths.map((path) => [path, [2, 3]]))))
      .map(({ name }) => name);
  assertEquals(names("dense/dense/kernel", "a/b/a/b/kernel", "a/b/kernel", "a/a/a/kernel"), [
    "dense",
    "a/b",
    "a/b",
    "a/a/a",
  ]);
  assertEquals(names("kernel", "params.fc.kernel"), ["(root)", "params.fc"]);
  const [whole] = tensorsOf({ "a/kernel": [2, 3] }).map((one) => ({ ...one, type: "int8" }));
  assertEquals(kerasLayers([whole as FileTensor]), []);
  assertEquals(kerasLayers([whole as FileTensor], () => true).length, 1);
});
