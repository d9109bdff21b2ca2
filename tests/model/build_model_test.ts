import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { refusal } from "./refusal.ts";

const { tf } = await startEngine();

/** What is said of a file with a layer more than it has weights for. */
const withLayer = (units: number) =>
  refusal({
    edit: (json) => {
      json.modelTopology.config.layers.push({
        class_name: "Dense",
        config: { name: "wide", units },
      });
      return json;
    },
  });

Deno.test("buildModel() counts what all weights of a model take together", async () => {
  // 2^22 entries are free. Of the first layer kernel and bias have 4 million together, of the second 6 million.
  assertEquals(
    await withLayer(2e6),
    'weightsManifest does not have "wide/kernel" and 1 more, expected every weight of the model',
  );
  assertEquals(
    await withLayer(3e6),
    'modelTopology.config.layers[2].config asks for a weight "bias" of shape [3000000], expected no more than the ' +
      "9 entries that weightsManifest declares for the whole model",
  );
});

Deno.test("buildModel() counts the states of a stateful layer by the examples of a batch", async () => {
  const withBatch = (examples: number) => {
    const model = tf.sequential({
      layers: [
        tf.layers.lstm({ units: 3, stateful: true, batchInputShape: [4, 5, 2] }),
      ],
    });
    return refusal({
      edit: (json) => {
        json.modelTopology.config.layers[0].config.batch_input_shape = [examples, 5, 2];
        return json;
      },
    }, model).finally(() => model.dispose());
  };
  // Two states of 3 units for each example: of one example fewer they have their room.
  assertEquals(
    await withBatch(699051),
    "modelTopology asks for batches of [699051, 5, 2], whose states would be 4194306 numbers, expected no " +
      "more than 4194304",
  );
});

Deno.test("buildModel() makes no weight whose sizes are no whole numbers from 0", async () => {
  /** A layer that asks for a weight of the shape that its configuration has, before TensorFlow.js sees it. */
  class AsksForShape extends tf.layers.Layer {
    static className = "AsksForShape";
    readonly #shape: number[];
    constructor(config: { shape: number[]; name?: string; batchInputShape?: number[] }) {
      super(config);
      this.#shape = config.shape;
    }
    override build() {
      this.addWeight("odd", this.#shape, "float32", tf.initializers.zeros());
      this.built = true;
    }
    override call(x: ReturnType<typeof tf.zeros>) {
      return [x].flat()[0];
    }
    override getConfig() {
      return { ...super.getConfig(), shape: this.#shape };
    }
  }
  tf.serialization.registerClass(AsksForShape as never);
  const asking = (shape: number[]) =>
    refusal({
      edit: (json) => {
        json.modelTopology.config.layers.push({
          class_name: "AsksForShape",
          config: { name: "asks", shape },
        });
        return json;
      },
    });
  for (const shape of [[-2], [-2, -2], [0.5], [2, 2.5], [2 ** 53, 0]]) {
    assertEquals(
      await asking(shape),
      `modelTopology.config.layers[2].config asks for a weight "odd" of shape [${
        shape.join(", ")
      }], ` +
        "expected no more than the 9 entries that weightsManifest declares for the whole model",
      `${shape}`,
    );
  }
  // These it makes, and the file lacks them.
  for (const shape of [[], [0], [2, 3]]) {
    assertEquals(
      await asking(shape),
      'weightsManifest does not have "asks/odd", expected every weight of the model',
    );
  }
});
