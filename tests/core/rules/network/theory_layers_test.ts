import { assertEquals } from "@std/assert";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import { networkOf } from "../../../../src/core/rules/network/network.ts";
import { theoryLayers } from "../../../../src/core/rules/network/theory_layers.ts";
import { makeLayer, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";

/** A dense layer of a network. */
const dense = (name: string, inputs: string[], activation = "linear") =>
  makeLayer({
    name,
    className: "Dense",
    kind: "dense",
    role: "hidden",
    activation,
    inputs,
    weights: [makeWeight({ name: `${name}.kernel`, shape: [8, 8] })],
  });

const plain = (name: string, kind: LayerMeasurements["kind"], inputs: string[]) =>
  makeLayer({ name, className: name, kind, role: "hidden", activation: null, inputs, weights: [] });

function namesOf(layers: LayerMeasurements[]): string[] {
  return theoryLayers(networkOf(makeMeasurements([], { layers }))).map(({ name }) => name);
}

/** Two layers whose outputs multiply those of the first, the last of them with an activation. */
const gated = (activation: string) =>
  namesOf([
    dense("body", [], "relu"),
    dense("squeeze", ["body"], "relu"),
    dense("excite", ["squeeze"], activation),
    { ...plain("Multiply", "merge", ["body", "excite"]), className: "Multiply" },
    dense("head", ["Multiply"]),
  ]);

Deno.test("theoryLayers() leaves out the layers of a gate of sigmoid, and no other product", () => {
  assertEquals(gated("sigmoid"), ["body", "head"]);
  assertEquals(gated("swish"), ["body", "squeeze", "excite", "head"]);
});

/** Kernels of a query and of values, the query through a layer of a kind into a softmax. */
const attending = (kind: LayerMeasurements["kind"]) =>
  namesOf([
    dense("query", []),
    dense("value", []),
    plain("scores", kind, ["query"]),
    { ...plain("softmax", "activation", ["scores"]), activation: "softmax" },
    plain("context", "merge", ["softmax", "value"]),
    dense("out", ["context"]),
  ]);

Deno.test("theoryLayers() leaves out the kernels of queries, keys and values of an attention", () => {
  assertEquals(attending("merge"), ["out"]);
  assertEquals(attending("opaque"), ["query", "out"]);
});

Deno.test("theoryLayers() leaves out a kernel of which all ends in scores, but not one before a head", () => {
  const names = (head: LayerMeasurements[]) =>
    namesOf([
      dense("first", []),
      dense("second", ["first"]),
      { ...plain("softmax", "activation", ["second"]), activation: "softmax" },
      ...head,
    ]);
  // ConvBERT computes the kernels of convolutions so.
  assertEquals(names([plain("context", "merge", ["softmax"]), dense("out", ["context"])]), ["out"]);
  assertEquals(names([]), ["first", "second"]);
});
