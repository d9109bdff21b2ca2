import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { gradients } from "../../src/measure/gradients.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Objective } from "../../src/model/objective.ts";
import { TORCH_LOSSES } from "../../src/traits/torch_losses.ts";
import golden from "../../fixtures/golden/torch_losses.json" with { type: "json" };

Deno.test("PyTorch's losses have PyTorch's value and gradient", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [i, one] of golden.cases.entries()) {
    const title = `case ${i}, ${one.objective}`;
    const objective = one.objective as Objective;
    const inputs = tf.tensor(one.inputs as number[][]);
    const targets = tf.tensor(one.targets as number[][]);
    const units = one.kernel[0].length;
    const layer = tf.layers.dense({ units, useBias: false, inputShape: inputs.shape.slice(1) });
    const model = tf.sequential({ layers: [layer] });
    const kernel = tf.tensor(one.kernel);
    model.setWeights([kernel]);
    const largest = Math.max(...one.gradient.map(Math.abs));
    const [{ tensor }] = await gradients(model, { inputs, targets }, { objective });
    for (const [k, value] of tensor.dataSync().entries()) {
      assertAlmostEquals(value, one.gradient[k], 5e-6 * largest, `${title}: gradient[${k}]`);
    }
    for (const microBatch of ["auto", 2] as const) {
      const measured = await measure(model, { inputs, targets }, { objective, microBatch });
      const { value } = measured.objective;
      assertAlmostEquals(value, one.value, 2e-6 * Math.max(1, one.value), title);
      const { l2 } = measured.layers[0].weights[0].gradients!;
      assertAlmostEquals(l2, Math.hypot(...one.gradient), 1e-5 * largest, title);
    }
    tf.dispose([inputs, targets, kernel, tensor]);
    model.dispose();
  }
  const measured = new Set(golden.cases.map(({ objective }) => objective.split("(")[0]));
  assertEquals([...measured].sort(), Object.keys(TORCH_LOSSES).sort());
});
