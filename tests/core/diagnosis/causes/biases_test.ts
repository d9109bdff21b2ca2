import { assertEquals, assertMatch } from "@std/assert";
import { biases, headBias } from "../../../../src/core/diagnosis/causes/biases.ts";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { flat, makeMeasurements, makeWeight, withHead } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

/** A layer with a bias of this rms, and a z of rms and deviation 1. */
function biased(
  name: string,
  rms: number,
  over: Partial<LayerMeasurements> = {},
): Partial<LayerMeasurements> {
  return {
    name,
    preActivations: { ...flat(1, 640), rms: 1, std: 0.25 },
    weights: [
      makeWeight({ name: `${name}/kernel` }),
      makeWeight({
        name: `${name}/bias`,
        shape: [20],
        values: { ...flat(rms, 20), rms, mean: rms, std: 0 },
      }),
    ],
    ...over,
  };
}

const drowns = (layer: string | null, measured: number | null) =>
  finding(layer, { rule: "bias-init", measured });

const find = (layers: Partial<LayerMeasurements>[], ...findings: Finding[]) =>
  biases(patientOf(makeMeasurements(layers), findings));

/** Weights that a fix sets, and to what. */
const startOf = (suspects: ReturnType<typeof find>) =>
  suspects.flatMap(({ fixes: [fix] }) =>
    fix.kind === "set-bias" ? [fix.value, ...fix.weights.map(({ weight }) => weight)] : []
  );

Deno.test("biases() names hidden layers whose biases are at least half of z", () => {
  const layers = [biased("a", 3), biased("b", 3), biased("c", 3, { role: "output" })];
  assertEquals(startOf(find(layers, drowns("a", 0.5), drowns("c", 0.9))), [0, "a/bias"]);
  for (const measured of [0.49, null]) assertEquals(find(layers, drowns("a", measured)), []);
  assertEquals(find(layers, drowns(null, 0.9)), []);
  assertEquals(find([{ name: "a" }], drowns("a", 0.9)), []);
  // A kernel that is too small is at fault itself, if a sound one would not drown.
  const small = (measured: number) =>
    find(layers, drowns("a", 2), finding("a", { rule: "init-scale", measured })).length;
  assertEquals([small(0.25), small(0.24), small(4)], [1, 0, 1]);
  const [{ explains }] = find(layers, drowns("a", 0.9));
  assertEquals(explains(finding(null, { rule: "dead-units" })), true);
  assertEquals(explains(finding(null, { rule: "init-scale" })), false);
});

Deno.test("biases() says their number or their size, and that of z", () => {
  const said = (over: Partial<LayerMeasurements>) =>
    find([biased("a", 3, over)], drowns("a", 0.75))[0].message;
  assertEquals(
    said({}),
    "The biases of a are 3, while z varies by only 0.25: the biases decide the outputs, not the " +
      "examples.",
  );
  assertMatch(said({ preActivations: null }), /z is only of size 4 for inputs of rms 1/);
  const varied = biased("a", 3).weights!.with(
    1,
    makeWeight({
      name: "a/bias",
      shape: [20],
      values: { ...flat(3, 20), rms: 2, mean: 1, std: 4e-6 },
    }),
  );
  assertMatch(said({ weights: varied }), /biases of a are of size 2,/);
  const rounded = varied.map((weight) => ({ ...weight, values: { ...weight.values, std: 3e-6 } }));
  assertMatch(said({ weights: rounded }), /biases of a are 1,/);
});

/** A recurrent layer with its parts. */
const cell = (rms: number, parts: string[], over: Partial<LayerMeasurements> = {}) => [
  biased("rnn", rms, { className: "LSTM", kind: "recurrent", preActivations: null }),
  ...parts.map((part) => ({
    name: part,
    kind: "cell" as const,
    weights: [],
    preActivations: { ...flat(1, 640), rms: 1, std: 0.125 },
    ...over,
  })),
];

Deno.test("biases() names recurrent layers whose parts are saturated by their biases", () => {
  const saturated = finding("rnn/forget", { rule: "saturated-activations" });
  const [{ layers, message, states }] = find(cell(0.5, ["rnn/forget"]), saturated);
  assertEquals([layers, states], [["rnn"], [saturated]]);
  assertMatch(message, /while z varies by only 0\.125/);
  assertEquals(find(cell(0.49, ["rnn/forget"]), saturated), []);
  assertEquals(find(cell(0.5, ["rnn/forget"], { preActivations: null }), saturated), []);
  assertEquals(find(cell(0.5, ["rnn2/forget"]), { ...saturated, layer: "rnn2/forget" }), []);
  assertEquals(find(cell(0.5, ["rnn/forget"]), { ...saturated, layer: "gone" }), []);
  // A simple cell has no parts.
  const whole = biased("rnn", 3, { className: "SimpleRNN", kind: "recurrent" });
  assertEquals(find([whole], { ...saturated, layer: "rnn" })[0].layers, ["rnn"]);
});

Deno.test("biases() names layers of which biases hold 95 % of the units off, or saturated", () => {
  const of = (rule: string, measured: number | null = 0.95, layer = "a") =>
    finding(layer, { rule, measured });
  const negative = (rms: number, mean = -rms) =>
    biased("a", rms, {
      activation: "relu",
      weights: [makeWeight({
        name: "a/bias",
        shape: [20],
        values: { ...flat(rms, 20), rms, mean, std: 0 },
      })],
    });
  for (const rule of ["dead-units", "saturated-activations"]) {
    assertEquals(find([negative(0.5)], of(rule)).length, 1);
    assertEquals(find([negative(0.5)], of(rule, 0.94)), []);
    assertEquals(find([negative(0.5)], of(rule, null)), []);
    assertEquals(find([negative(0.49)], of(rule)), []);
    assertEquals(find([negative(0.5)], of(rule, 0.95, "b")), []);
  }
  // Biases above 0 turn no unit off.
  for (const mean of [0.5, 0]) assertEquals(find([negative(0.5, mean)], of("dead-units")), []);
  assertEquals(find([negative(0.5, 0.5)], of("saturated-activations")).length, 1);
  // A finding about the activation behind the layer is about its biases.
  const after = { name: "relu", activation: "relu", weights: [], depth: 1 };
  const linear = negative(0.5);
  const row = [
    { ...linear, activation: "linear", weights: [makeWeight(), ...linear.weights!] },
    after,
  ];
  assertEquals(find(row, of("dead-units", 0.95, "relu"))[0].layers, ["a"]);
});

Deno.test("biases() counts a layer once that the rule of biases has named", () => {
  const layers = [biased("a", 3)];
  const both = [drowns("a", 0.75), finding("a", { rule: "saturated-activations", measured: 1 })];
  const [{ states, message }] = find(layers, ...both);
  assertEquals(states, both.slice(0, 1));
  assertMatch(message, /biases of a are 3/);
});

Deno.test("headBias() names a bias of the head that prefers classes by 3 logits or more", () => {
  const head = (activation: string, over: object) => {
    const measurements = withHead({ loss: "categoricalCrossentropy", activation, bias: [9, 0] });
    const found = finding("head", { rule: "bias-init", kind: "head", measured: 3, ...over });
    return headBias(patientOf(measurements, [found]));
  };
  for (const activation of ["softmax", "sigmoid"]) {
    const [{ kind, layers, fixes, explains }] = head(activation, {});
    assertEquals([kind, layers], ["head-bias", ["head"]]);
    assertEquals(fixes, [
      { kind: "set-bias", value: 0, weights: [{ layer: "head", weight: "head/bias" }] },
    ]);
    assertEquals(explains(finding(null, { rule: "initial-loss" })), true);
  }
  for (const over of [{ measured: 2.9 }, { measured: null }, { kind: "drowned" }]) {
    assertEquals(head("softmax", over), []);
  }
  assertEquals(head("linear", {}), []);
});
