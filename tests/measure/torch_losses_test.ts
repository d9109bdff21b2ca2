import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { gradients } from "../../src/measure/pass_tensors.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Objective } from "../../src/model/objective.ts";
import { shareLoss } from "../../src/model/torch_losses.ts";
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

Deno.test("shareLoss() has the gradients of its formula, of shares and of targets", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const lossOf = (x: number, t: number) =>
    -t * Math.max(Math.log(x), -100) - (1 - t) * Math.max(Math.log(1 - x), -100);
  const slope = (f: (h: number) => number) => (f(1e-6) - f(-1e-6)) / 2e-6;
  const shares = [0.1, 0.5, 0.9, 0.25], targets = [1, 0.3, 0, 0.75];
  const run = tf.grads((x, t) => tf.sum(shareLoss(tf, x, t)));
  const found = tf.tidy(() =>
    run([tf.tensor(shares), tf.tensor(targets)]).map((one) => [...one.dataSync()])
  );
  shares.forEach((x, i) => {
    const t = targets[i];
    assertAlmostEquals(found[0][i], slope((h) => lossOf(x + h, t)), 1e-4, `share ${x}`);
    assertAlmostEquals(found[1][i], slope((h) => lossOf(x, t + h)), 1e-4, `target ${t}`);
  });
  // At 0 and 1 the logarithm ends at -100, and the gradients are finite.
  const ends = tf.tidy(() =>
    run([tf.tensor([0, 1, 0, 1]), tf.tensor([0, 1, 1, 0])]).map((one) => [...one.dataSync()])
  );
  assertEquals(ends[0].map(Number.isFinite), [true, true, true, true]);
  assertEquals(ends[1], [100, -100, 100, -100]);
});
