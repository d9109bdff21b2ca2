import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { modelWeights } from "../../src/model/weights/model_weights.ts";

const { tf } = await startEngine();

const names = (model: Parameters<typeof modelWeights>[0]) =>
  modelWeights(model).map((weight) => weight.weightName);

Deno.test("modelWeights() names weights alike however many models were made before", () => {
  const make = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ name: "d", units: 3, inputShape: [4] }),
        tf.layers.batchNormalization({ name: "bn" }),
      ],
    });
  const models = [make(), make(), make()];
  for (const model of models) {
    assertEquals(names(model), [
      "d/kernel",
      "d/bias",
      "bn/gamma",
      "bn/beta",
      "bn/moving_mean",
      "bn/moving_variance",
    ]);
    model.dispose();
  }
});

Deno.test("modelWeights() numbers equal names within a layer of stacked cells", () => {
  const model = tf.sequential({
    layers: [tf.layers.rnn({
      name: "rnn",
      cell: [tf.layers.simpleRNNCell({ units: 2 }), tf.layers.simpleRNNCell({ units: 3 })] as never,
      inputShape: [4, 2],
    })],
  });
  const weights = modelWeights(model);
  assertEquals(weights.map(({ weightName, variable }) => [weightName, variable.shape]), [
    ["rnn/kernel", [2, 2]],
    ["rnn/recurrent_kernel", [2, 2]],
    ["rnn/bias", [2]],
    ["rnn/kernel_2", [2, 3]],
    ["rnn/recurrent_kernel_2", [3, 3]],
    ["rnn/bias_2", [3]],
  ]);
  assertEquals(new Set(weights.map(({ layerPath }) => layerPath)), new Set(["rnn"]));
  model.dispose();
});

/** A layer whose weight is another layer's: a tied decoder. */
class Tied extends tf.layers.Layer {
  static className = "TestTied";
  constructor(readonly to: ReturnType<typeof tf.layers.dense>) {
    super({ name: "tied" });
  }
  override build() {
    const own = this as unknown as { _trainableWeights: unknown[] };
    own._trainableWeights = [this.to.weights[0]];
    this.built = true;
  }
}

Deno.test("modelWeights() lists a tied weight once, under the first layer that has it", () => {
  const encoder = tf.layers.dense({ name: "encoder", units: 3, inputShape: [3] });
  const model = tf.sequential({ layers: [encoder, new Tied(encoder)] });
  assertEquals(names(model), ["encoder/kernel", "encoder/bias"]);
  encoder.weights.forEach((weight) => weight.dispose());
});

Deno.test("modelWeights() tells what training would leave alone", () => {
  const frozen = tf.sequential({
    name: "frozen",
    layers: [tf.layers.dense({ name: "d", units: 2, inputShape: [2] })],
  });
  const model = tf.sequential({
    layers: [
      frozen,
      tf.layers.dense({ name: "still", units: 2, trainable: false }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  frozen.trainable = false;
  assertEquals(
    modelWeights(model).filter((weight) => weight.trainable).map(({ weightName }) => weightName),
    ["bn/gamma", "bn/beta"],
  );
  assertEquals(names(model).length, 8);
  model.dispose();
});
