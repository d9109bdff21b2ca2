import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { loadModel } from "../../src/load/mod.ts";

const FILES = ["fixtures/golden/relu_he/model.json", "fixtures/files/keras/dense.keras"];

/** Whether all weights of a model are 0, as they are before they are read. */
const isEmpty = (model: LayersModel) =>
  model.getWeights().every((weight) => weight.dataSync().every((value) => value === 0));

for (const file of FILES) {
  Deno.test(`loadModel() calls beforeWeights before it reads those of ${file}`, async () => {
    await using engine = await startEngine();
    const seen: boolean[] = [];
    const { model } = await loadModel(file, {
      beforeWeights: (model) => void seen.push(isEmpty(model)),
    });
    assertEquals(seen, [true]);
    assert(!isEmpty(model));
    model.dispose();
    const before = engine.tf.memory().numTensors;
    await assertRejects(
      () =>
        loadModel(file, {
          beforeWeights: () => {
            throw new RangeError("too large");
          },
        }),
      RangeError,
      "too large",
    );
    assertEquals(engine.tf.memory().numTensors, before, "nothing of it is left");
  });
}
