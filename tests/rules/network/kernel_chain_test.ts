import type { LayerMeasurements } from "../../../src/measure/measurements.ts";
import { kernelChain } from "../../../src/rules/network/kernel_chain.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** A dense layer with a layer of its own class behind it, which applies no known activation. */
function withSine(given: Partial<LayerMeasurements>): LayerMeasurements[] {
  const sine = { className: "Sine", activation: null, depth: 1, weights: [] };
  return makeMeasurements([
    { activation: "linear", preActivations: flat(0.5, 640), preActivationGradients: flat(3, 640) },
    { ...sine, activations: flat(1, 640), activationGradients: flat(0.1, 640), ...given },
  ]).layers;
}

Deno.test("kernelChain() divides the fan-in of a transposed kernel by the product of its strides", () => {
  const chain = (strides?: number[]) =>
    kernelChain(
      makeMeasurements([{
        className: "Conv2DTranspose",
        weights: [makeWeight({ shape: [4, 4, 8, 6], values: flat(0.1, 768) })],
        ...strides === undefined ? {} : { strides },
      }]).layers,
    )[0];
  const { fanIn, sigma } = chain();
  assertEquals(fanIn, 4 * 4 * 6);
  assertEquals(chain([2, 3]).fanIn, fanIn / 6);
  assertAlmostEquals(chain([2, 3]).sigma, sigma / Math.sqrt(6), 1e-12);
});

Deno.test("kernelChain() says by how much an unknown activation enlarges z and delta, the smaller of the two", () => {
  const enlarged = (given: Partial<LayerMeasurements>) => kernelChain(withSine(given))[0].enlarged;
  assertAlmostEquals(enlarged({}), 2, 1e-12);
  assertAlmostEquals(enlarged({ activations: flat(50, 640) }), 30, 1e-12);
  assertAlmostEquals(enlarged({ activations: flat(0.1, 640) }), 0.2, 1e-12);
  assertEquals(kernelChain(makeMeasurements().layers).map(({ enlarged }) => enlarged), [
    0,
    0,
    0,
    0,
  ]);
});
