import { assert, assertMatch, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure, MeasureError } from "../../src/entry/measure.ts";
import { drawInput, drawWeight } from "./draw.ts";
import { type NdArray, randomStream } from "./reference/mod.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows/mod.ts";

/** Rows of one layer called plainly: what a model can be made of. */
const MODELS = ROWS.filter((row) =>
  row.create && !row.call && !/Cell$|^(categoryEncoding|randomWidth)$/.test(row.subject) &&
  !row.options.includes("stateful")
);

/** A model of the row's layer alone. Rows of whole models are models already. */
function modelOf(tf: TensorFlow, row: Row): LayersModel {
  const layer = row.create!(tf) as unknown as LayersModel;
  if (layer.getClassName() === "Sequential" || layer.getClassName() === "Functional") return layer;
  const inputs = row.inputs.map(({ shape }) => tf.input({ shape: shape.slice(1) }));
  const outputs = layer.apply((inputs.length === 1 ? inputs[0] : inputs) as never);
  return tf.model({ inputs, outputs: outputs as never });
}

const meanAbs = ({ data }: NdArray) => data.reduce((sum, x) => sum + Math.abs(x), 0) / data.length;

Deno.test("measure() reads every layer as the reference has it", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const subject of new Set(MODELS.map((row) => row.subject))) {
    await t.step(subject, async () => {
      for (const row of MODELS.filter((row) => row.subject === subject)) {
        const next = randomStream(`${row.subject} ${row.options}`);
        const drawn = row.inputs.map((input) => drawInput(input, next));
        const model = modelOf(tf, row);
        const weights = model.weights.map((weight) => {
          const value = drawWeight(weight.name, weight.shape as number[], next);
          const tensor = tf.tensor(Array.from(value.data), [...value.shape]);
          weight.write(tensor as never);
          tensor.dispose();
          return value;
        });
        const inputs = drawn.map(({ data, shape }): Tensor =>
          tf.tensor(Array.from(data), [...shape])
        );
        const before = tf.memory().numTensors;
        const measurements = await measure(model, { inputs });
        assert(tf.memory().numTensors === before, `${row.options}: tensors left behind`);
        const [expected] = [row.reference(drawn, weights, drawn, drawn)].flat();
        // The output of a wrapper is not that of any of its layers.
        if (row.subject !== "bidirectional") {
          const means = measurements.layers.map(({ activations }) => activations?.meanAbs ?? NaN);
          const tolerance = 1e-5 * (meanAbs(expected) + 1e-3);
          assert(
            means.some((found) => Math.abs(found - meanAbs(expected)) <= tolerance),
            `${row.options}: mean |a| ${means}, expected ${meanAbs(expected)}`,
          );
        }
        tf.dispose(inputs);
        model.dispose();
      }
    });
  }
});

Deno.test("measure() refuses a layer whose numbers could not be trusted", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.conv2dTranspose({
        name: "up",
        filters: 1,
        kernelSize: 2,
        dilationRate: 2,
        inputShape: [3, 3, 1],
      }),
    ],
  });
  const inputs = tf.ones([1, 3, 3, 1]);
  await assertRejects(() => measure(model, { inputs }), MeasureError, "Layer up (Conv2DTranspose)");
  inputs.dispose();
  model.dispose();
});

Deno.test("measure() names a layer that has both strides and dilations, and says what is wrong", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const both = { name: "odd", filters: 1, kernelSize: 2, strides: 2, dilationRate: 2 };
  const layers = [
    tf.layers.conv1d({ ...both, inputShape: [8, 1] }),
    tf.layers.conv1d({ ...both, padding: "causal", inputShape: [8, 1] }),
    tf.layers.conv2d({ ...both, inputShape: [8, 8, 1] }),
    tf.layers.conv3d({ ...both, inputShape: [8, 8, 8, 1] } as never),
    tf.layers.convLstm2d({ ...both, inputShape: [2, 8, 8, 1] } as never),
  ];
  for (const layer of layers) {
    const model = tf.sequential({ layers: [layer] });
    const inputs = tf.ones([1, ...model.inputs[0].shape.slice(1) as number[]]);
    const error = await assertRejects(() => measure(model, { inputs }), MeasureError);
    assertMatch(
      error.message,
      /in layer odd \(Conv(1D|2D|3D|LSTM2D)\): .*[Ss]trides? (or|and) dilations? must be 1/,
    );
    inputs.dispose();
    model.dispose();
  }
});
