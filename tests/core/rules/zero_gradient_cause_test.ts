import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type {
  LayerMeasurements,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { gradientsFlow } from "../../../src/core/rules/signal/gradients_flow.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

/** A relu network of three layers, those at the given places all zeros. */
async function withZeros(...zeros: number[]) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [64, 64, 7].map((units, i) =>
      tf.layers.dense({
        name: `d${i}`,
        units,
        activation: i < 2 ? "relu" : "softmax",
        inputShape: [64],
        kernelInitializer: zeros.includes(i)
          ? tf.initializers.zeros()
          : tf.initializers.heNormal({ seed: i + 1 }),
      })
    ),
  });
  const measurements = await measure(model, randomBatch(model));
  const said = (rule: typeof gradientsFlow) =>
    rule.run(measurements).map(({ severity, message, fix }) => `${severity}: ${message} ${fix}`);
  return { flow: said(gradientsFlow), vanishing: said(vanishingGradients) };
}

Deno.test("gradientsFlow says of a layer normalisation of one unit that it makes 0 of it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const fix = async (units: number) => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units, inputShape: [8], name: "narrow" }),
        tf.layers.layerNormalization({ name: "norm" }),
      ],
    });
    const measurements = await measure(model, randomBatch(model), { objective: "sum" });
    model.dispose();
    return gradientsFlow.run(measurements)
      .filter(({ layer, severity }) => layer === "norm" && severity === "error")
      .map(({ fix }) => fix);
  };
  const [removed, ...others] = await fix(1);
  assertStringIncludes(removed, "Remove norm, or put it before a wider layer");
  assertEquals(others, []);
  assertEquals(await fix(8), []);
});

Deno.test("the rules on gradients say that a head of zeros alone trains well", async () => {
  const { flow, vanishing } = await withZeros(2);
  assertEquals(flow.map((text) => text.split(":")[0]), ["warning", "warning"]);
  for (const text of flow) assertStringIncludes(text, "d2/kernel is all zeros and has a gradient");
  assertStringIncludes(vanishing[0], "Such a head trains well");
});

Deno.test("the rules on gradients fail zeros that are fed zeros, and never say that they harm nothing", async () => {
  for (const zeros of [[0, 1, 2], [1, 2]]) {
    const { flow, vanishing } = await withZeros(...zeros);
    assertEquals(flow.every((text) => text.startsWith("error")), true);
    assertStringIncludes(vanishing[0], "error: No gradient ever reaches d0, d1");
    assertEquals(
      /trains well|harms nothing|first step/.test([...flow, ...vanishing].join()),
      false,
    );
  }
});

Deno.test("gradientsFlow says that zeros which are multiplied keep the gradient from each other", () => {
  const zeros = { values: flat(0, 400), gradients: flat(0, 400) };
  const wv = makeWeight({ name: "wv" });
  const fix = (weights: WeightMeasurements[], ...before: Partial<LayerMeasurements>[]) =>
    gradientsFlow.run(makeMeasurements([...before, { weights }]))[0].fix;
  const [wq, wk] = ["wq", "wk"].map((name) => makeWeight({ name, ...zeros }));
  assertStringIncludes(fix([wq, wk, wv]), "Draw all but one of wq, wk at random");
  // Fed zeros, they would have no gradient anyway.
  const silent = { activations: flat(0, 640), preActivations: flat(0, 640) };
  assertStringIncludes(fix([wq, wk], silent), "all of its inputs are 0: look at dense_1");
  // One alone is kept from its gradient by something else.
  assertStringIncludes(fix([wq, wv]), "all of its inputs are 0");
});
