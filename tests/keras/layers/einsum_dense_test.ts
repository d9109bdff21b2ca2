import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { type EinsumDenseArgs, kerasLayers } from "../../../src/keras/layers/mod.ts";
import { ndArray } from "../../conformance/reference/mod.ts";
import { relativeError } from "../../conformance/relative_error.ts";
import { naiveEinsum } from "../../engine/ops/naive_einsum.ts";
import { assert, assertEquals } from "@std/assert";
import { assertRefused, type Parts, parts } from "../../assert_refused.ts";

const { tf } = await startEngine();
const { EinsumDense } = kerasLayers(tf);

function modelOf(args: EinsumDenseArgs): LayersModel {
  const model = tf.sequential();
  model.add(new EinsumDense(args));
  return model;
}

interface Case extends EinsumDenseArgs {
  inputShape: number[];
  kernel: number[];
  bias: number[] | null;
  output: number[];
  layout: string;
}

const CASES: Case[] = [
  {
    equation: "ab,bc->ac",
    outputShape: 3,
    biasAxes: "c",
    inputShape: [4],
    kernel: [4, 3],
    bias: [3],
    output: [3],
    layout: "einsum io",
  },
  {
    equation: "abc,cde->abde",
    outputShape: [null, 2, 3],
    biasAxes: "e",
    inputShape: [5, 4],
    kernel: [4, 2, 3],
    bias: [3],
    output: [5, 2, 3],
    layout: "einsum ioo",
  },
  {
    equation: "abcd,cde->abe",
    outputShape: [null, 6],
    biasAxes: "be",
    inputShape: [5, 2, 3],
    kernel: [2, 3, 6],
    bias: [5, 6],
    output: [5, 6],
    layout: "einsum iio",
  },
  {
    // A kernel of its own for each head, its axes in another order than those of the input.
    equation: "abhd,dhe->abhe",
    outputShape: [null, 2, 7],
    biasAxes: "h",
    inputShape: [5, 2, 3],
    kernel: [3, 2, 7],
    bias: [2, 1],
    output: [5, 2, 7],
    layout: "einsum ioo",
  },
  {
    equation: "...x,xy->...y",
    outputShape: 3,
    biasAxes: "y",
    inputShape: [5, 2, 4],
    kernel: [4, 3],
    bias: [3],
    output: [5, 2, 3],
    layout: "einsum io",
  },
  {
    equation: "ab...,bc->ac...",
    outputShape: 3,
    biasAxes: "c",
    inputShape: [4, 2, 5],
    kernel: [4, 3],
    bias: [3, 1, 1],
    output: [3, 2, 5],
    layout: "einsum io",
  },
  {
    equation: "XaY,YZ->XaZ",
    outputShape: [null, 3],
    inputShape: [2, 4],
    kernel: [4, 3],
    bias: null,
    output: [2, 3],
    layout: "einsum io",
  },
];

for (const { kernel, bias, output, layout, ...args } of CASES) {
  Deno.test(`EinsumDense computes ${args.equation} with a bias along ${args.biasAxes ?? "nothing"}`, () => {
    const biasInitializer = tf.initializers.randomNormal({ seed: 3 });
    const model = modelOf({ ...args, biasInitializer });
    const [layer] = model.layers;
    assertEquals(
      layer.weights.map(({ shape }) => shape),
      bias === null ? [kernel] : [kernel, bias],
    );
    assertEquals(model.outputShape, [null, ...output]);
    assertEquals((layer as unknown as { kernelLayout: string }).kernelLayout, layout);
    tf.tidy(() => {
      const x = tf.randomNormal([3, ...args.inputShape], 0, 1, "float32", 5);
      const of = (one: Tensor) => ndArray(one.shape, one.dataSync());
      const [w, b] = layer.getWeights();
      const expected = naiveEinsum(args.equation, [of(x), of(w)]);
      const whole = b === undefined
        ? expected.data
        : tf.add(tf.tensor(Float32Array.from(expected.data), [3, ...output]), b).dataSync();
      const found = model.predict(x) as Tensor;
      assertEquals(found.shape, [3, ...output]);
      assert(relativeError(found.dataSync(), whole) < 1e-5);
    });
    model.dispose();
  });
}

Deno.test("EinsumDense draws a kernel by the sums that it takes part in", () => {
  // Of 64 inputs, 4 heads of 256: TensorFlow.js would take the fans of a convolution.
  const model = modelOf({
    equation: "ab,bcd->acd",
    outputShape: [4, 256],
    inputShape: [64],
    kernelInitializer: "heUniform",
  });
  const { mean, variance } = tf.moments(model.getWeights()[0]);
  const std = Math.sqrt(variance.dataSync()[0]);
  assert(Math.abs(std / Math.sqrt(2 / 64) - 1) < 0.03, `std is ${std}`);
  tf.dispose([mean, variance]);
  model.dispose();
});

Deno.test("EinsumDense draws orthogonal units over all axes that are not summed over", () => {
  const model = modelOf({
    equation: "ab,cbd->acd",
    outputShape: [2, 3],
    inputShape: [8],
    kernelInitializer: "orthogonal",
  });
  tf.tidy(() => {
    const matrix = tf.reshape(tf.transpose(model.getWeights()[0], [1, 0, 2]), [8, 6]);
    const gram = tf.matMul(matrix, matrix, true).dataSync();
    assert(relativeError(gram, tf.eye(6).dataSync()) < 1e-5);
  });
  model.dispose();
});

Deno.test("EinsumDense says what is wrong with its arguments", () => {
  const refused = (args: Partial<EinsumDenseArgs>, said: Parts) =>
    assertRefused(
      () => modelOf({ equation: "ab,bc->ac", outputShape: 3, inputShape: [4], ...args }),
      said,
    );
  refused(
    { equation: "ab->a" },
    parts("equation", '"ab->a"', 'the form "abc,cd->abd", "...x,xy->...y" or "ab...,bc->ac..."'),
  );
  refused(
    { equation: "abc,cd->abd" },
    parts("equation", '"abc,cd->abd"', "one for an input of 2 axes"),
  );
  refused(
    { outputShape: [3, 4] },
    parts("outputShape", "2 sizes", 'the 1 after the first of "ac"'),
  );
  refused(
    { equation: "ab,cb->ad" },
    parts("equation", '"ab,cb->ad"', "a size for c of the kernel"),
  );
  refused({ equation: "ab,bc->ab" }, parts("outputShape", "3 for b", "4 as in the input"));
  refused({ biasAxes: "b" }, parts("biasAxes", '"b"', 'letters of the output "ac"'));
  refused(
    { outputShape: null as never },
    parts("outputShape", "null", "a whole number of at least 1"),
  );
  refused({ equation: 5 as never }, parts("equation", "5", "a text"));
});
