import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  activations,
  attention,
  hiddenSoftmax,
  missingActivations,
} from "../../../../src/core/diagnosis/causes/activations.ts";
import type { Suspect } from "../../../../src/core/diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import { attentionNetwork } from "../../../networks/attention_network.ts";
import { flat, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

/** A layer of a kernel whose standard deviation times the root of its fan-in is `sigma`. */
const sized = (name: string, activation: string, sigma: number): Partial<LayerMeasurements> => ({
  name,
  activation,
  weights: [makeWeight({
    name: `${name}/kernel`,
    shape: [16, 16],
    values: { ...flat(1, 256), rms: sigma / 4 },
  })],
});

/** Activation and factors by which kernels are multiplied, of each fix. */
function fixesOf({ fixes }: Suspect) {
  return fixes.map((fix) => {
    if (fix.kind !== "activation") throw new Error(fix.kind);
    const factors = fix.rescale.map(({ weight, factor }) => `${weight} ${factor.toFixed(2)}`);
    return [fix.from, fix.to, ...factors].join(", ");
  });
}

const architecture = (kind: string, layers: string[]) =>
  finding(layers[0], { rule: "architecture", kind, layers });

Deno.test("missingActivations() gives linear layers an activation, and their kernels its gain", () => {
  const layers = [sized("a", "linear", 0.5), sized("b", "linear", 0), sized("c", "relu", 1)];
  const state = architecture("no-activation", ["a", "b"]);
  const find = (kind: string) =>
    missingActivations(patientOf(makeMeasurements(layers), [{ ...state, kind }]));
  assertEquals(find("hidden-softmax"), []);
  const [suspect] = find("no-activation");
  assertEquals(suspect.layers, ["a", "b"]);
  assertEquals(fixesOf(suspect), ["linear, relu, a/kernel 2.83", "linear, tanh, a/kernel 2.00"]);
  assertEquals(suspect.explains(finding(null, { rule: "activation-scale" })), true);
  assertEquals(suspect.explains(finding(null, { rule: "gradients-flow" })), false);
});

Deno.test("hiddenSoftmax() replaces the softmax of the layers found, and explains their scales", () => {
  const layers = [sized("a", "softmax", 0.5), sized("b", "softmax", 0), sized("c", "softmax", 1)];
  const state = architecture("hidden-softmax", ["a", "b"]);
  const find = (kind: string) =>
    hiddenSoftmax(patientOf(makeMeasurements(layers), [{ ...state, kind }]));
  assertEquals(find("no-activation"), []);
  const [suspect] = find("hidden-softmax");
  assertEquals(suspect.layers, ["a", "b"]);
  assertEquals(fixesOf(suspect), ["softmax, relu, a/kernel 2.83", "softmax, tanh, a/kernel 2.00"]);
  const explained = (layer: string | null, rule: string) =>
    suspect.explains(finding(layer, { rule }));
  assertEquals(
    [
      explained("a", "init-scale"),
      explained("c", "init-scale"),
      explained(null, "init-scale"),
      explained("c", "vanishing-gradients"),
      explained("a", "bias-init"),
    ],
    [true, false, false, true, false],
  );
});

Deno.test("activations() names rows of three hidden sigmoids, and how much of the gradient each passes", () => {
  const row = (...names: string[]) =>
    activations(patientOf(makeMeasurements(names.map((name, i) => sized(`d${i}`, name, 2)))));
  assertEquals(row("sigmoid", "relu", "sigmoid", "tanh"), []);
  const [suspect] = row("sigmoid", "relu", "sigmoid", "sigmoid");
  assertEquals(suspect.layers, ["d0", "d2", "d3"]);
  assertMatch(suspect.message, /end in a sigmoid, which passes at most 1\/4 .* over 3 layers/);
  assertEquals(fixesOf(suspect)[0].startsWith("sigmoid, tanh, d0/kernel 0.50, d2/"), true);
  assertMatch(row(...Array(3).fill("hardSigmoid"))[0].message, /at most 1\/5 of/);
  assertEquals(suspect.explains(finding(null, { rule: "gradients-flow" })), true);
});

Deno.test("activations() leaves heads and gates alone", () => {
  const hidden = [0, 1, 2].map((i) => sized(`d${i}`, "sigmoid", 2));
  const row = (last: Partial<LayerMeasurements>) =>
    activations(patientOf(makeMeasurements([...hidden.slice(0, 2), { ...hidden[2], ...last }])));
  assertEquals(row({}).length, 1);
  assertEquals(row({ role: "output" }), []);
  const gated = [...hidden, { name: "of", inputs: ["d1"], activation: null, weights: [] }, {
    name: "product",
    className: "Multiply",
    activation: null,
    weights: [],
    inputs: ["d2", "of"],
  }].map((layer, i) => ({ inputs: i === 0 ? [] : [`d${i - 1}`], ...layer }));
  const measurements = makeMeasurements(gated);
  measurements.layers.at(-1)!.inputs = ["product"];
  assertEquals(activations(patientOf(measurements)), []);
});

const oneHot = finding("softmax", { rule: "attention", kind: "one-hot" });

Deno.test("attention() shrinks queries and keys alike, so that their scores vary by 1", () => {
  const find = (scores: number) => attention(patientOf(attentionNetwork({ scores }), [oneHot]));
  const [{ kind, layers, message, fixes: [fix, ...others], explains }] = find(16);
  assertEquals([kind, layers, others.length], ["attention-scores", ["query", "key"], 1]);
  assertMatch(message, /^The scores of softmax are so large that each query looks at one key/);
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  assertEquals(fix.weights.map(({ weight }) => weight), ["query/kernel", "key/kernel"]);
  for (const { factor } of fix.weights) assertAlmostEquals(factor, 1 / 4);
  assertEquals(explains(finding(null, { rule: "exploding-gradients" })), true);
  assertEquals(find(1.5)[0].layers, ["query", "key"]);
  // No kernel is to blame for usual scores.
  for (const scores of [1, Infinity]) {
    const [{ layers, fixes }] = find(scores);
    assertEquals([layers, fixes.map(({ kind }) => kind)], [["softmax"], ["rebuild"]]);
  }
  const unknown = attentionNetwork({ scores: 16 });
  unknown.layers.find(({ name }) => name === "softmax")!.preActivations = null;
  assertEquals(attention(patientOf(unknown, [oneHot]))[0].layers, ["softmax"]);
});

Deno.test("attention() names each block that makes all tokens alike", () => {
  const alike = finding("end", { rule: "attention", kind: "tokens-alike" });
  const suspects = attention(patientOf(attentionNetwork(), [alike, alike]));
  assertEquals(suspects.map(({ kind, layers }) => [kind, ...layers]), [
    ["alike-tokens", "end"],
    ["alike-tokens", "end"],
  ]);
  assertMatch(suspects[0].message, /^From end on all places/);
  assertEquals(suspects[0].explains(finding(null, { rule: "architecture" })), true);
  assertEquals(attention(patientOf(attentionNetwork(), [{ ...alike, kind: "idle" }])), []);
});
