import { ModelError } from "../../src/core/model/model_error.ts";
import type { FileTensor } from "../../src/files/weights_file.ts";
import type { FileType } from "../../src/ground/traits/number_types.ts";
import { offersOf } from "../../src/torch/pair_layers.ts";
import { torchLayers } from "../../src/files/torch_layers.ts";
import { assertEquals, assertThrows } from "@std/assert";

/** Tensors by name, with the entries 0, 1, 2 and so on. */
const tensorsOf = (shapes: Record<string, number[]>, type: FileType = "float32"): FileTensor[] =>
  Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    type,
    read: () => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  }));

const layersOf = (shapes: Record<string, number[]>) => torchLayers(tensorsOf(shapes));

/** The one layer that tensors make, with the name `net.1` in front unless they have another. */
function layer(shapes: Record<string, number[]>, name = "net.1") {
  const [one, ...more] = layersOf(
    Object.fromEntries(Object.entries(shapes).map(([own, shape]) => [`${name}.${own}`, shape])),
  );
  assertEquals([one.name, more.length], [name, 0]);
  return one;
}

/** Class, layout, and whether it is doubtful. */
const told = (shapes: Record<string, number[]>, name?: string) => {
  const { className, layout, doubtful } = layer(shapes, name);
  return [className, layout, doubtful];
};

Deno.test("torchLayers() tells a matrix by its bias, its name and its shape", () => {
  const cases: [Record<string, number[]>, string | undefined, unknown[]][] = [
    [{ weight: [3, 5], bias: [3] }, undefined, ["Linear", "ordinary", false]],
    [{ weight: [3, 3], bias: [3] }, undefined, ["Linear", "ordinary", false]],
    [{ weight: [3, 5], bias: [5] }, undefined, ["Conv1D", "ordinary", false]],
    [{ weight: [3, 5], bias: [4] }, undefined, ["Linear", "ordinary", true]],
    [{ weight: [3, 5], bias: [3, 1] }, undefined, ["Linear", "ordinary", false]],
    [{ weight: [40, 5] }, undefined, ["Linear", "ordinary", false]],
    [{ weight: [41, 5] }, undefined, ["Linear", "ordinary", true]],
    [{ weight: [3, 5] }, "net.embedding", ["Embedding", null, false]],
    [{ weight: [3, 5], bias: [3] }, "net.embedding", ["Linear", "ordinary", false]],
  ];
  for (const [shapes, name, expected] of cases) {
    assertEquals(told(shapes, name), expected, `${name} ${JSON.stringify(shapes)}`);
  }
  const [weight, bias] = layer({ weight: [3, 5], bias: [3] }).tensors;
  assertEquals([weight.role, weight.axes, bias.role, bias.axes], ["kernel", [1, 0], "bias", [0]]);
  assertEquals(layer({ weight: [3, 5], bias: [5] }).tensors[0].axes, [0, 1]);
});

Deno.test("torchLayers() tells a convolution by three to five axes, and one that is transposed by its bias", () => {
  const cases: [number[], number | null, unknown[]][] = [
    [[4, 3, 2], 4, ["Conv1d", "ordinary", false]],
    [[4, 3, 2, 2], 4, ["Conv2d", "ordinary", false]],
    [[4, 3, 2, 2, 2], 4, ["Conv3d", "ordinary", false]],
    [[4, 3, 2, 2], 3, ["ConvTranspose2d", "transposed", false]],
    [[3, 3, 2, 2], 3, ["Conv2d", "ordinary", false]],
    [[4, 3, 2, 2], 5, ["Conv2d", "ordinary", true]],
    [[4, 3, 2, 2], null, ["Conv2d", "ordinary", true]],
    [[4, 3, 2, 2, 2, 2], 4, ["Module", null, true]],
  ];
  for (const [weight, length, expected] of cases) {
    assertEquals(
      told({ weight, ...length === null ? {} : { bias: [length] } }),
      expected,
      `${weight} ${length}`,
    );
  }
  assertEquals(layer({ weight: [4, 3, 2, 5], bias: [4] }).tensors[0].axes, [2, 3, 1, 0]);
});

Deno.test("torchLayers() tells vectors apart by their names and by what stands beside them", () => {
  const vector = { weight: [3] };
  const statistics = { running_mean: [3], running_var: [3] };
  assertEquals(told({ ...vector, bias: [3] }), ["LayerNorm", null, false]);
  assertEquals(told({ ...vector, bias: [4] }), ["Module", null, true]);
  for (const name of ["final_norm", "layer.ln1", "bn", "ln_2.x"]) {
    assertEquals(told(vector, name), ["RMSNorm", null, false], name);
  }
  for (const name of ["relu", "act1"]) assertEquals(told(vector, name), ["PReLU", null, false]);
  assertEquals(told({ ...vector, more: [1] }, "relu"), ["Module", null, true]);
  assertEquals(told(vector), ["Parameter", null, true]);
  assertEquals(told({ weight: [] }), ["Parameter", null, true]);
  assertEquals(told({ ...vector, bias: [3], ...statistics }), ["BatchNorm", null, false]);
  assertEquals(told(statistics), ["BatchNorm", null, false]);
  assertEquals(told({ ...vector, bias: [3], running_mean: [3] }), ["LayerNorm", null, false]);
  assertEquals(
    layer({ ...vector, bias: [3], ...statistics }).tensors.map(({ role }) => role),
    ["scale", "shift", "mean", "variance"],
  );
});

Deno.test("torchLayers() tells an attention by its projections, together or apart", () => {
  const attention = ["MultiheadAttention", "ordinary", false];
  assertEquals(told({ in_proj_weight: [9, 3], in_proj_bias: [9] }), attention);
  const apart = { q_proj_weight: [3, 3], k_proj_weight: [3, 4], v_proj_weight: [3, 5] };
  assertEquals(told({ ...apart, in_proj_bias: [9] }), attention);
  const { tensors } = layer(apart);
  assertEquals(tensors.map(({ role, axes }) => [role, axes]), Array(3).fill(["kernel", [1, 0]]));
  assertEquals(told({ in_proj_weight: [9] }), ["Parameter", null, true]);
  assertEquals(told({ ...apart, v_proj_weight: [3] }), ["Module", null, true]);
});

Deno.test("torchLayers() tells a recurrent layer by the blocks of its rows, each stacked one by itself", () => {
  const cell = (blocks: number, end = "") => ({
    [`weight_ih${end}`]: [2 * blocks, 5],
    [`weight_hh${end}`]: [2 * blocks, 2],
    [`bias_ih${end}`]: [2 * blocks],
    [`bias_hh${end}`]: [2 * blocks],
  });
  for (const [blocks, name] of [[1, "RNN"], [3, "GRU"], [4, "LSTM"]] as const) {
    const { className, kind, tensors, doubtful } = layer(cell(blocks));
    assertEquals([className, kind, doubtful], [name, "recurrent", false]);
    assertEquals(tensors.map(({ role }) => role), [
      "kernel",
      "recurrentKernel",
      "bias",
      "recurrentBias",
    ]);
    assertEquals(tensors.map(({ axes }) => axes), [[1, 0], [1, 0], [0], [0]]);
  }
  for (const blocks of [2, 5]) assertEquals(told(cell(blocks)), ["Module", null, true]);
  assertEquals(told({ ...cell(4), weight_ih: [9, 5] }), ["Module", null, true]);
  assertEquals(told({ ...cell(4), weight_ih: [8] }), ["Module", null, true]);
  const stacked = layersOf(Object.fromEntries(
    ["_l0", "_l0_reverse", "_l1"].flatMap((end) => Object.entries(cell(4, end)))
      .map(([own, shape]) => [`rnn.${own}`, shape]),
  ));
  assertEquals(stacked.map(({ name, tensors }) => [name, tensors.length]), [
    ["rnn.l0", 4],
    ["rnn.l0_reverse", 4],
    ["rnn.l1", 4],
  ]);
});

Deno.test("torchLayers() names what stands at the root, and leaves out what is no float", () => {
  assertEquals(layersOf({ weight: [3, 5], bias: [3] }).map(({ name }) => name), ["(root)"]);
  assertEquals(layersOf({ weight_hh_l0: [4, 1], weight_ih_l0: [4, 2] })[0].name, "l0");
  assertEquals(torchLayers(tensorsOf({ "a.num_batches_tracked": [] }, "int64")), []);
});

Deno.test("offersOf() offers every layer that the shapes leave open, in the order of their likelihood", () => {
  const offers = (shapes: Record<string, number[]>, name?: string) =>
    offersOf(layer(shapes, name)).map(({ signature }) => signature);
  assertEquals(offers({ weight: [3, 5], bias: [3] }), ["dense [5, 3] + bias"]);
  assertEquals(offers({ weight: [3, 5] }), ["dense [5, 3]", "embedding [3, 5]"]);
  assertEquals(offers({ weight: [3, 5], bias: [5] }), ["dense [3, 5] + bias"]);
  assertEquals(offers({ weight: [3, 5] }, "embedding"), ["embedding [3, 5]"]);
  assertEquals(offers({ weight: [3] }), ["layer norm [3]", "prelu [3]"]);
  assertEquals(offers({ weight: [4, 3, 2], bias: [4] }), [
    "convolution [2, 3, 4] + bias",
    "transposed [2, 3, 4] + bias",
  ]);
  assertEquals(offers({ weight: [4, 1, 2, 5], bias: [4] }), [
    "convolution [2, 5, 1, 4] + bias",
    "depthwise [2, 5, 4] + bias",
    "transposed [2, 5, 1, 4] + bias",
  ]);
  // TensorFlow.js has no depthwise convolution of volumes.
  assertEquals(offers({ weight: [4, 1, 2, 2, 2], bias: [4] }), [
    "convolution [2, 2, 2, 1, 4] + bias",
    "transposed [2, 2, 2, 1, 4] + bias",
  ]);
  assertEquals(offers({ weight: [4, 3, 2, 5], bias: [3] }), ["transposed [2, 5, 3, 4] + bias"]);
  const unknown: Record<string, number[]>[] = [
    { other: [3] },
    { weight: [] },
    { weight: [3], more: [3] },
  ];
  for (const shapes of unknown) {
    assertThrows(() => offers(shapes), ModelError, "is of no class that is known");
  }
});

Deno.test("offersOf() turns kernels and counts the rows of a flattened map anew", () => {
  const [dense] = offersOf(layer({ weight: [2, 6], bias: [2] }));
  const give = (flattened: number[] | null) => {
    const { kernel, bias } = dense.give({ flattened } as never);
    return [[...kernel], [...bias]];
  };
  assertEquals(give(null), [[0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11], [0, 1]]);
  // A map of three places and two channels: PyTorch has the places of the first channel first.
  assertEquals(give([3, 2]), [[0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11], [0, 1]]);
  const [gru] = offersOf(layer({ weight_ih: [6, 1], weight_hh: [6, 2] }));
  const { kernel, recurrent_kernel, bias } = gru.give({} as never);
  assertEquals([...kernel], [2, 3, 0, 1, 4, 5]);
  assertEquals([...recurrent_kernel], [4, 6, 0, 2, 8, 10, 5, 7, 1, 3, 9, 11]);
  assertEquals(bias, undefined);
});
