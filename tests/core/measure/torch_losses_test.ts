import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { gradients } from "../../../src/core/measure/pass_tensors.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Objective } from "../../../src/core/model/objective.ts";
import { shareLoss } from "../../../src/core/model/torch_losses.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { resolveObjective } from "../../../src/core/measure/resolve_objective.ts";
import { lossTraits } from "../../../src/ground/traits/losses.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { TORCH_LOSSES } from "../../../src/ground/traits/torch_losses.ts";
import golden from "../../../fixtures/golden/torch_losses.json" with { type: "json" };

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

/** Pairs of shapes that PyTorch refuses, and that are read as what is passed to it, flattened. */
function isFlattened({ objective, output, target }: (typeof golden.shapes)[number]): boolean {
  return lossTraits(objective)!.targets === "classes" &&
    (output.length > 1 && target.join() === output.slice(0, -1).join() ||
      target.join() === output.with(-1, 1).join() ||
      objective === "multi_margin_loss" && target.join() === output.slice(0, -1).join());
}

Deno.test("PyTorch's losses broadcast, read and refuse shapes as PyTorch does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const read = { broadcast: 0, refused: 0, flattened: 0 };
  for (const one of golden.shapes) {
    const title = `${one.objective} of [${one.output}] and [${one.target}]`;
    const outputs = tf.tensor(one.outputs, one.output),
      targets = tf.tensor(one.targets, one.target);
    const evaluate = (x: Tensor) =>
      resolveObjective(tf, { outputs: [x] } as never, {
        objective: one.objective as Objective,
        targets: [targets],
      }).evaluate([x]);
    if (one.value === null) {
      if (isFlattened(one)) {
        read.flattened++;
        assert(Number.isFinite(tf.tidy(() => evaluate(outputs).dataSync()[0])), title);
        continue;
      }
      read.refused++;
      assertThrows(() => tf.tidy(() => evaluate(outputs)), InputError, "has", title);
      continue;
    }
    read.broadcast++;
    const { value, grad } = tf.valueAndGrad(evaluate as never)(outputs);
    assertAlmostEquals(value.dataSync()[0], one.value, 1e-5, title);
    const slopes = grad.dataSync();
    one.gradient!.forEach((slope, i) => assertAlmostEquals(slopes[i], slope, 1e-5, title));
  }
  assertEquals(read, { broadcast: 83, refused: 75, flattened: 10 });
});
