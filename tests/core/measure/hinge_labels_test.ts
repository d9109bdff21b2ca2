import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { gradients } from "../../../src/core/measure/pass_tensors.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { renderText } from "../../../src/entry/render.ts";
import { runRules } from "../../../src/core/rules/mod.ts";
import golden from "../../../fixtures/files/hinge_labels/figures.json" with { type: "json" };

const FOLDER = new URL("../../../fixtures/files/hinge_labels/", import.meta.url);

for (const one of golden.cases) {
  Deno.test(`${one.model}: a hinge of ${one.kind} is Keras's, and so is its gradient`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const { model } = await loadModel(new URL(one.model, FOLDER).pathname);
    const rows = one.targets.length;
    const batch = {
      inputs: tf.tensor(one.inputs, [rows, one.inputs.length / rows]),
      targets: tf.tensor(one.targets, [rows, 1]),
    };
    const measurements = await measure(model, batch);
    assertAlmostEquals(measurements.objective.value, one.loss, 2e-6);
    const taken = await gradients(model, batch);
    for (const [i, { name, tensor }] of taken.entries()) {
      const found = tensor.dataSync();
      for (const [k, value] of one.gradients[i].entries()) {
        assertAlmostEquals(found[k], value, 2e-6, `${name}[${k}]`);
      }
    }
    // Only the zeros of labels are a class: of other targets, they make the loss 1 for any output.
    const kinds = runRules(measurements)
      .filter(({ rule, severity }) => rule === "output-head" && severity === "error")
      .map(({ kind }) => kind);
    assertEquals(kinds, ["counts", "halves"].includes(one.kind) ? ["hinge-zeros"] : []);
    taken[Symbol.dispose]();
    tf.dispose([batch.inputs, batch.targets]);
    model.dispose();
  });
}

Deno.test("a report says that a hinge of Keras takes labels; one of TensorFlow.js does not", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model } = await loadModel(new URL("hinge.keras", FOLDER).pathname);
  const batch = { inputs: tf.randomNormal([4, 3]), targets: tf.tensor([0, 1, 1, 0], [4, 1]) };
  const measurements = await measure(model, batch);
  const text = renderText(measurements, runRules(measurements));
  assertEquals(/hinge with labels 0 and 1 as -1 and 1/.test(text.replaceAll(/\s+/g, " ")), true);
  model.compile({ optimizer: "sgd", loss: "hinge" });
  const plain = runRules(await measure(model, batch));
  assertEquals(plain.some(({ kind }) => kind === "hinge-zeros"), true);
  tf.dispose([batch.inputs, batch.targets]);
  model.dispose();
});
