import { assertEquals } from "@std/assert";
import { outputHead } from "../../src/rules/task/output_head.ts";
import { makeMeasurements, withHead } from "../networks/measurements.ts";

/** What is found of a head under a loss with a dropout of a rate behind it. */
function found(loss: string, units: number, rate: number, kind: "passesOn" | "dense" = "passesOn") {
  const measurements = withHead({ loss, units, activation: "softmax" });
  const [head] = measurements.layers;
  const dropout = {
    ...makeMeasurements([{}]).layers[0],
    name: "drop",
    className: "Dropout",
    kind,
    role: "output" as const,
    weights: [],
    shape: [32, units],
    inputs: [head.name],
    ...rate > 0 ? { dropout: rate } : {},
  };
  const layers = [{ ...head, role: "hidden" as const }, dropout];
  return outputHead.run({ ...measurements, layers })
    .filter(({ kind }) => kind === "dropped")
    .map(({ severity, layer, measured }) => `${severity} ${layer} ${measured}`);
}

Deno.test("outputHead fails a dropout behind the head that takes all classes of an example", () => {
  const loss = "categoricalCrossentropy";
  // 0.1^4 is one example of 10,000.
  assertEquals(found(loss, 4, 0.1001), ["error drop 0.1001"]);
  assertEquals(found(loss, 4, 0.0999), ["warning drop 0.0999"]);
  assertEquals(found("sparseCategoricalCrossentropy", 2, 0.2), ["error drop 0.2"]);
  assertEquals(found(loss, 10, 0.5), ["error drop 0.5"]);
  assertEquals(found(loss, 100, 0.5), ["warning drop 0.5"]);
  assertEquals(found("meanSquaredError", 2, 0.5), ["warning drop 0.5"]);
  assertEquals(found(loss, 4, 0), []);
  // A recurrent layer, say, drops what it is fed.
  assertEquals(found(loss, 4, 0.5, "dense"), []);
});
