import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { gradientsFlow } from "../../src/rules/signal/gradients_flow.ts";
import { flat, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const zero = flat(0, 400);
const zeros = { values: zero, gradients: zero };

/** What is said of a layer with these weights whose kernel has no gradient. */
function fix(names: string[], given: Partial<LayerMeasurements>): string {
  const weights = names.map((name) => makeWeight({ name, ...zeros }));
  return gradientsFlow.run(makeMeasurements([{ weights, ...given }]))[0].fix;
}

Deno.test("gradientsFlow lays a kernel of zeros without a gradient to its inputs, unless it feeds a state", () => {
  const silent = { activations: flat(0, 640) };
  assertStringIncludes(fix(["dense_1/kernel"], silent), "all of its inputs are 0");
  assertStringIncludes(
    fix(["dense_1/kernel", "dense_1/recurrent_kernel"], silent),
    "dense_1/kernel is all zeros, so that its state is 0 at every step",
  );
  // A state that is not 0 is fed by something else.
  assertEquals(fix(["dense_1/kernel", "dense_1/recurrent_kernel"], {}).includes("state"), false);
});

Deno.test("gradientsFlow measures 0 where a weight has no gradient", () => {
  const weights = [makeWeight({ name: "dense_1/kernel", gradients: flat(0, 400) })];
  const [{ measured }] = gradientsFlow.run(makeMeasurements([{ weights }]));
  assertEquals(measured, 0);
});
