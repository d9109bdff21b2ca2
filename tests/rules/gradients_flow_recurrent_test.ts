import type { LayerMeasurements, TensorStatistics } from "../../src/measure/measurements.ts";
import { gradientsFlow } from "../../src/rules/signal/gradients_flow.ts";
import { flat, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const zero = flat(0, 400);

/** A recurrent layer of 20 units whose recurrent kernel has a gradient of 0. */
function recurrent(
  { steps, fed = 0.2, gates = 1, gradients = flat(0.01, 400), ...given }:
    & { steps: number; fed?: number; gates?: number; gradients?: TensorStatistics }
    & Partial<LayerMeasurements>,
) {
  const kernel = makeWeight({ name: "rnn/kernel", values: flat(fed, 400), gradients });
  const shape = [20, gates * 20];
  const own = makeWeight({ name: "rnn/recurrent_kernel", shape, gradients: zero });
  const preActivations = flat(0.5, steps * gates * 640);
  const weights = [kernel, own];
  return gradientsFlow.run(makeMeasurements([{ weights, preActivations, ...given }]))
    .map(({ severity, message, fix }) => ({ severity, names: message.split(" ha")[0], fix }));
}

Deno.test("gradientsFlow only warns of the recurrent kernel after one step", () => {
  const fix = "Measure on sequences of two steps or more: the state before the first step is 0.";
  const warned = [{ severity: "warning", names: "rnn/recurrent_kernel", fix }];
  assertEquals(recurrent({ steps: 1 }), warned);
  assertEquals(recurrent({ steps: 1, gates: 4 }), warned);
  assertEquals(recurrent({ steps: 3, calls: 3 }), warned);
  // Even if it puts out nothing but zeros.
  assertEquals(recurrent({ steps: 1, fed: 0, activations: zero }), warned);
});

Deno.test("gradientsFlow counts the steps of a convolution by its positions", () => {
  const own = makeWeight({
    name: "rnn/recurrent_kernel",
    shape: [3, 3, 5, 20],
    gradients: flat(0, 900),
  });
  const found = (steps: number) =>
    recurrent({
      steps: 1,
      weights: [own],
      shape: [32, 6, 7, 5],
      preActivations: flat(0.5, 32 * 6 * 7 * 20 * steps),
    })[0].fix.slice(0, 41);
  assertEquals(found(1), "Measure on sequences of two steps or more");
  assertEquals(found(2), "Measure on sequences with two steps or mo");
});

Deno.test("gradientsFlow warns of sequences in which one step alone counts", () => {
  const [{ severity, fix }, ...others] = recurrent({ steps: 20 });
  assertEquals([severity, others], ["warning", []]);
  assertStringIncludes(fix, "two steps or more that are neither masked nor zeros");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to kernels of zeros, and fails it", () => {
  const [{ severity, names, fix }, ...others] = recurrent({
    steps: 20,
    fed: 0,
    activations: zero,
  });
  assertEquals([severity, names, others], ["error", "rnn/recurrent_kernel", []]);
  assertStringIncludes(fix, "rnn/kernel is all zeros, so that its state is 0 at every step");
});

Deno.test("gradientsFlow lays a recurrent kernel's gradient of 0 to what feeds the layer, and to saturation", () => {
  const names = "rnn/kernel, rnn/recurrent_kernel";
  const [fed, ...others] = recurrent({ steps: 20, gradients: zero, activations: zero });
  assertEquals([fed.severity, fed.names, others], ["error", names, []]);
  assertStringIncludes(fed.fix, "all of its inputs are 0");
  const [stuck] = recurrent({ steps: 20, gradients: zero, preActivationGradients: zero });
  assertEquals([stuck.severity, stuck.names], ["error", names]);
  assertStringIncludes(stuck.fix, "Look at dense_1: the signal is lost there");
});
