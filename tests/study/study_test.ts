import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { rescaleWeights } from "../../src/model/weights/set_weights.ts";
import { study, summarizeStudy } from "../../src/study/study.ts";

const TANH_LAYERS = ["dense_2", "dense_3", "dense_4"];

Deno.test("study() measures what measure() does after rescaleWeights()", async () => {
  await using engine = await startEngine();
  const { points } = await study(
    { network: "exercise" },
    { scales: [0.001, 0.01], seeds: [3], depths: [4] },
    { examples: 16 },
  );
  for (const point of points) {
    const model = exerciseModel({ depth: 4, seed: 3 });
    rescaleWeights(model, point.scale, { layers: TANH_LAYERS });
    const batch = randomBatch(model, { examples: 16, seed: 3 });
    const { layers, objective } = await measure(model, batch);
    assertEquals(point.objective, objective.value);
    for (const [i, layer] of layers.entries()) {
      const own = point.layers[i];
      assertEquals(own.name, layer.name);
      assertEquals(own.gradient, layer.weights[0].gradients!.meanAbs);
      assertEquals(own.delta, layer.preActivationGradients!.meanAbs);
      assertEquals(own.meanActivation, layer.activations!.meanAbs);
      assertEquals(own.saturated, layer.saturatedFraction);
      assertEquals(own.zeroGradients, layer.weights[0].gradients!.zeroFraction);
    }
    const [first, , , last] = layers.map(({ preActivationGradients: delta }) => delta!.l2);
    assertEquals(point.deltaRatio, first / last);
    model.dispose();
    engine.tf.dispose(batch.inputs);
  }
});

Deno.test("study() takes no scale for healthy because some initialiser draws it", async () => {
  const { points } = await study(
    { network: "dense" },
    { scales: [1, Math.SQRT2], activations: ["relu"], depths: [5], seeds: 3 },
  );
  // LeCun's kernels under relu: `check` only warns of them.
  for (const { scale, failed } of points) {
    assertEquals(failed, scale === 1 ? ["activation-scale"] : [], `scale ${scale}`);
  }
});

Deno.test("study() finds what theory says: tanh about 1, relu about sqrt 2, sigmoid nowhere", async () => {
  const scales = [0.1, 0.5, 0.7, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2, 3, 5, 6, 8, 12, 30];
  const { variants } = summarizeStudy(
    await study(
      { network: "dense" },
      { scales, seeds: 3, activations: ["tanh", "relu", "sigmoid"] },
    ),
  );
  const [tanh, relu, sigmoid] = variants;
  assert(tanh.band !== null && tanh.band.from > 0.7 && tanh.band.from <= 1);
  assert(tanh.band.to >= 1 && tanh.band.to < 1.5);
  assert(tanh.scales[0].failed["vanishing-gradients"] === 3);
  assert(tanh.trouble.above.includes("saturated-activations"));
  assert(relu.band !== null && relu.band.from < Math.SQRT2 && relu.band.to > Math.SQRT2);
  assert(relu.band.from > 1 && relu.band.to < 2);
  assertAlmostEquals(relu.balanced!, Math.SQRT2, 0.05);
  assert(relu.scales[0].failed["vanishing-gradients"] === 3);
  assert(relu.trouble.above.includes("exploding-gradients"));
  assertEquals(sigmoid.band, null);
  for (const variant of variants) {
    for (const { scale, deltaRatio, predictedRatio } of variant.scales) {
      if (scale > 3) continue;
      const off = Math.log(deltaRatio!.median / predictedRatio!) / Math.log(predictedRatio!);
      // One draw of width 64 is off by some per cent a layer.
      assert(Math.abs(off) < 0.1 || Math.abs(deltaRatio!.median / predictedRatio! - 1) < 0.6);
    }
  }
});

Deno.test("study() finds the exercise's band near 1/894 of its weights", async () => {
  const scales = [1, 3, 30, 300].flatMap((n) => [1 / n, 1 / (894 * n)]);
  const [tanh] = summarizeStudy(
    await study({ network: "exercise" }, { scales, seeds: 5, activations: ["tanh"] }),
  ).variants;
  const { from, to } = tanh.band!;
  assert(from > 1 / 3000 && from < 1 / 894 && to > 1 / 894 && to < 1 / 100, `${from} .. ${to}`);
  const atOne = tanh.scales.find(({ scale }) => scale === 1)!;
  assertEquals(atOne.healthy, 0);
  assert(atOne.layers[0].figures.zeroGradients!.median === 1);
});

Deno.test("study() has no figure of a layer whose numbers overflow", async () => {
  const { points: [point] } = await study(
    { network: "dense" },
    { scales: [1e20], activations: ["relu"], depths: [3], widths: [8] },
  );
  assertEquals(point.failed[0], "non-finite");
  const [first, second] = point.layers.map(({ meanActivation }) => meanActivation!);
  assert(first > 1e18 && first < 1e22, `${first}`);
  assertEquals(second, NaN);
});
