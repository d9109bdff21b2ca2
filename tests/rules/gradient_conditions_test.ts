import type { TensorStatistics } from "../../src/measure/measurements.ts";
import { deadUnits } from "../../src/rules/signal/dead_units.ts";
import { gradientsFlow } from "../../src/rules/signal/gradients_flow.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

Deno.test("gradientsFlow names of the weights without a gradient the kernels of zeros alone, as multiplied with each other", () => {
  const none = flat(0, 400);
  const some = flat(0.1, 400);
  const weights = [
    makeWeight({ name: "wq", values: none, gradients: none }),
    makeWeight({ name: "wk", values: none, gradients: none }),
    makeWeight({ name: "bias", shape: [20], values: none, gradients: none }),
    makeWeight({ name: "spent", values: some, gradients: none }),
    makeWeight({ name: "frozen", values: none, gradients: none, trainable: false }),
    makeWeight({ name: "wv" }),
  ];
  const [{ fix }] = gradientsFlow.run(makeMeasurements([{ weights }]));
  assertStringIncludes(fix, "Draw all but one of wq, wk at random");
});

/** What is said of a relu layer in a branch, over one that has a gradient or not. */
function dead(deadFraction: number, delta: TensorStatistics, below: TensorStatistics) {
  const layers = [
    makeLayer({ name: "stem", depth: 1, inputs: [], preActivationGradients: below }),
    makeLayer({
      name: "branch",
      depth: 2,
      inputs: ["stem"],
      activation: "relu",
      shape: [32, 1000],
      saturatedFraction: null,
      deadFraction,
      preActivationGradients: delta,
    }),
  ];
  return deadUnits.run(makeMeasurements([], { layers })).map(({ severity }) => severity);
}

Deno.test("deadUnits warns of a branch that is all off while the layers below it learn, and fails any other", () => {
  const none = flat(0, 640);
  const some = flat(0.1, 640);
  assertEquals(dead(1, none, some), ["warning"]);
  assertEquals(dead(1, none, none), ["error"]);
  assertEquals(dead(1, some, some), ["error"]);
  assertEquals(dead(0.99, none, some), ["error"]);
});
