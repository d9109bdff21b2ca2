import { assertEquals } from "@std/assert";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { biasInit } from "../../src/rules/weights/bias_init.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
} from "../networks/measurements.ts";
import { severities } from "./severities.ts";

function biased(rms: number, name = "dense_1/bias", layer: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight(), makeWeight({ name, shape: [20], values: flat(rms, 20) })];
  const preActivations = flat(1, 640);
  return biasInit.run(makeMeasurements([{ preActivations, weights, ...layer }]));
}

Deno.test("biasInit warns of hidden biases beyond a tenth of z", () => {
  assertEquals(biased(0), []);
  assertEquals(biased(0.099), []);
  assertEquals(severities(biased(0.101)), ["warning"]);
  assertEquals(severities(biased(1, "bias:0")), ["warning"]);
});

Deno.test("biasInit has no verdict on a bias alone whose kernel, or the layout of it, is not known", () => {
  const bias = makeWeight({ name: "dense_1/bias", shape: [20], values: flat(9, 20) });
  const alone = (given: Partial<LayerMeasurements>) =>
    severities(
      biasInit.run(
        makeMeasurements([given], { weightsOnly: { format: "safetensors" } as never }),
      ),
    );
  assertEquals(alone({ weights: [makeWeight(), bias] }), ["warning"]);
  assertEquals(alone({ weights: [bias] }), []);
  assertEquals(alone({ weights: [makeWeight(), bias], kernelLayout: undefined }), []);
});

Deno.test("biasInit passes over recurrent layers and weights that are no bias", () => {
  assertEquals(biased(1, "lstm/bias", { className: "LSTM" }), []);
  assertEquals(biased(1, "norm/beta"), []);
});

function headBias(
  entries: number[],
  activation: string,
  targets: number[],
  examples = targets.length / entries.length,
) {
  const values = statisticsOf(entries);
  const shape = [entries.length];
  const head = makeHead({
    depth: 1,
    activation,
    weights: [
      makeWeight({ shape: [20, entries.length] }),
      makeWeight({ name: "h/bias", shape, values, entries }),
    ],
  });
  const measurements = makeMeasurements([], { layers: [head] });
  const target = makeTarget(Float64Array.from(targets), examples);
  return biasInit.run({
    ...measurements,
    batch: { ...measurements.batch, examples, targets: [target] },
  });
}

/** Targets over so many examples that what the batch leaves open of their mean is nothing. */
const many = (targets: number[]) => Array(1e5).fill(targets).flat();

Deno.test("biasInit accepts ln of the class shares in a softmax head, up to a constant", () => {
  // 3 of class 0, 1 of class 1.
  const targets = many([1, 0, 1, 0, 1, 0, 0, 1]);
  const prior = [Math.log(0.75) + 5, Math.log(0.25) + 5];
  assertEquals(headBias(prior, "softmax", targets), []);
  assertEquals(headBias([0, 0], "softmax", targets), []);
  assertEquals(headBias([prior[0] + 0.98, prior[1]], "softmax", targets), []);
  assertEquals(severities(headBias([prior[0] + 1.02, prior[1]], "softmax", targets)), ["warning"]);
});

Deno.test("biasInit accepts the logit of the share in a sigmoid head", () => {
  const targets = many([1, 0, 0, 0]);
  assertEquals(headBias([Math.log(1 / 3)], "sigmoid", targets), []);
  assertEquals(headBias([Math.log(1 / 3) - 0.49], "sigmoid", targets), []);
  assertEquals(severities(headBias([Math.log(1 / 3) - 0.52], "sigmoid", targets)), ["warning"]);
});

Deno.test("biasInit accepts the mean of the targets in a linear head", () => {
  const targets = many([8, 12]);
  assertEquals(headBias([10.98], "linear", targets), []);
  assertEquals(severities(headBias([11.02], "linear", targets)), ["warning"]);
});

Deno.test("biasInit accepts what a small batch leaves open of the prior, and no more", () => {
  // The share of all data is 0.1, and this batch has 1 of 32: the interval is 0.0055 to 0.157.
  const rare = [1, ...Array(31).fill(0)];
  const logit = (share: number) => Math.log(share / (1 - share));
  for (const share of [0.01, 0.1, 0.2]) {
    assertEquals(headBias([logit(share)], "sigmoid", rare), [], `${share}`);
  }
  for (const share of [0.002, 0.3, 0.9]) {
    assertEquals(severities(headBias([logit(share)], "sigmoid", rare)), ["warning"], `${share}`);
  }
  // None of 32 leaves the share open below, but no more than half an example.
  const none = Array(32).fill(0);
  assertEquals(headBias([logit(0.05)], "sigmoid", none), []);
  assertEquals(severities(headBias([-8], "sigmoid", none)), ["warning"]);
});

Deno.test("biasInit lets a gate start open or closed, and no other layer", () => {
  const closed = statisticsOf(Array(20).fill(-2));
  const weights = [makeWeight(), makeWeight({ name: "gate/bias", shape: [20], values: closed })];
  const gate = (given: Partial<LayerMeasurements>) =>
    biasInit.run(makeMeasurements([{ preActivations: flat(1, 640), weights, ...given }]));
  assertEquals(gate({ activation: "sigmoid" }), []);
  assertEquals(gate({ activation: "hardSigmoid" }), []);
  assertEquals(severities(gate({ activation: "relu" })), ["warning"]);
  assertEquals(severities(biased(1, "gate/bias", { activation: "sigmoid" })), ["warning"]);
});

Deno.test("biasInit gives no verdict on a head whose prior is not known", () => {
  assertEquals(headBias([3], "relu", [1, 2]), []);
  assertEquals(headBias([3, 3], "linear", [1, 2, 3, 4, 5, 6], 2), []);
});
