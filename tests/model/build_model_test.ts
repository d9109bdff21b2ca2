import { assertEquals } from "@std/assert";
import { refusal } from "./refusal.ts";

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
