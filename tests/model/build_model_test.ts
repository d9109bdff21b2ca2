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
