import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  gains,
  kernelScale,
  narrowChain,
} from "../../../../src/core/diagnosis/causes/kernel_scale.ts";
import type { Suspect } from "../../../../src/core/diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { flat, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

const scale = (layer: string, measured: number | null, over = {}) =>
  finding(layer, { rule: "init-scale", measured, ...over });

/** Layers called `dense_1` to `dense_4`, and `table`, an embedding. */
const LAYERS: Partial<LayerMeasurements>[] = [{}, {}, {}, {}, {
  name: "table",
  className: "Embedding",
  weights: [makeWeight({ name: "table/embeddings", shape: [50, 20] })],
}];

const scales = (...findings: Finding[]) =>
  kernelScale(patientOf(makeMeasurements(LAYERS), findings));

const said = (suspects: Suspect[]) => suspects.map(({ message }) => message);

/** Factors of the first fix, by weight. */
function factorsOf({ fixes: [fix] }: Suspect): Record<string, number> {
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  return Object.fromEntries(fix.weights.map(({ weight, factor }) => [weight, factor]));
}

function initializerOf({ fixes: [fix] }: Suspect): string | null {
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  return fix.initializer;
}

Deno.test("kernelScale() parts kernels that are too large from those that are too small, the farthest first", () => {
  assertEquals(said(scales(scale("dense_1", 1.6), scale("dense_2", 0.1))), [
    "The kernel of dense_2 is about 10 times too small.",
    "The kernel of dense_1 is about 1.6 times too large.",
  ]);
  assertEquals(said(scales(scale("dense_1", 20), scale("dense_2", 0.1))), [
    "The kernel of dense_1 is about 20 times too large.",
    "The kernel of dense_2 is about 10 times too small.",
  ]);
});

Deno.test("kernelScale() passes over notes, embeddings, and findings without a scale or with the right one", () => {
  for (const measured of [null, 0, 1]) assertEquals(scales(scale("dense_1", measured)), []);
  assertEquals(scales(scale("table", 10)), []);
  assertEquals(scales(scale("dense_1", 10, { severity: "note" })), []);
});

Deno.test("kernelScale() says one factor if they are within 1.5 times of each other", () => {
  assertEquals(said(scales(scale("dense_1", 2), scale("dense_2", 2.9))), [
    "The kernels of dense_1, dense_2 are about 2.41 times too large.",
  ]);
  assertEquals(said(scales(scale("dense_1", 2), scale("dense_2", 3))), [
    "The kernels of dense_1, dense_2 are 2 to 3 times too large.",
  ]);
  assertEquals(said(scales(scale("dense_1", 1 / 3), scale("dense_2", 1 / 6))), [
    "The kernels of dense_1, dense_2 are 3 to 6 times too small.",
  ]);
});

Deno.test("kernelScale() multiplies by the inverse the kernel that a finding is about", () => {
  const weights = ["a", "b"].map((name, i) =>
    makeWeight({ name: `pair/${name}`, values: flat(i + 1, 400) })
  );
  const patient = patientOf(makeMeasurements([{ name: "pair", weights }, { weights: [] }]), [
    scale("pair", 4, { figures: { std: { value: 2, unit: "std" } } }),
    scale("pair", 8),
    scale("dense_2", 3),
  ]);
  const [suspect] = kernelScale(patient);
  assertEquals(factorsOf(suspect), { "pair/b": 0.25, "pair/a": 0.125 });
});

Deno.test("kernelScale() explains the signal, and what only large kernels cause", () => {
  const zero = finding("dense_1", { rule: "gradients-flow", kind: "zero" });
  const others = [
    zero,
    finding("dense_1", { rule: "vanishing-gradients" }),
    finding(null, { rule: "non-finite" }),
    finding(null, { rule: "architecture", kind: "residual-growth" }),
    finding(null, { rule: "architecture", kind: "no-activation" }),
  ];
  const explained = ([{ explains }]: Suspect[]) => others.map((other) => explains(other));
  assertEquals(explained(scales(scale("dense_1", 3))), [true, true, true, true, false]);
  assertEquals(explained(scales(scale("dense_1", 0.1))), [false, true, true, false, false]);
  // In float32 nothing is left of a signal that shrinks by more than 1e20.
  const shrunk = (...sizes: number[]) =>
    scales(...sizes.map((size, i) => scale(`dense_${i + 1}`, size)))[0].explains(zero);
  assertEquals([shrunk(1e-10, 1e-10), shrunk(1e-10, 0.9e-10), shrunk(1e-10, 2e-10)], [
    false,
    true,
    false,
  ]);
});

/** A SimpleRNN of 20 units on 20 features with a kernel for its inputs of this deviation. */
function recurrent(std: number): Partial<LayerMeasurements> {
  return {
    name: "rnn",
    className: "SimpleRNN",
    weights: [
      makeWeight({ name: "rnn/kernel", values: { ...flat(std, 400), std } }),
      makeWeight({ name: "rnn/recurrent_kernel", values: { ...flat(0.7, 400), std: 0.7 } }),
      makeWeight({ name: "rnn/bias", shape: [20], values: flat(9, 20) }),
    ],
  };
}

/** Factors for such a layer whose recurrent kernel is found to be off. */
function recurrentFactors(std: number, measured: number): Record<string, number> {
  const figures = { std: { value: 0.7, unit: "std" } };
  const measurements = makeMeasurements([recurrent(std)]);
  return factorsOf(kernelScale(patientOf(measurements, [scale("rnn", measured, { figures })]))[0]);
}

Deno.test("kernelScale() shrinks a recurrent layer's kernel for inputs with it if that is too large as well", () => {
  // He's deviation is sqrt(2 / 20) = 0.316, Glorot's sqrt(2 / 40) = 0.224.
  const { "rnn/kernel": factor, ...others } = recurrentFactors(0.64, 2.9);
  assertAlmostEquals(factor, Math.sqrt(2 / 40) / 0.64);
  assertEquals(others, { "rnn/recurrent_kernel": 1 / 2.9 });
  assertEquals(recurrentFactors(2 * Math.sqrt(2 / 20), 2.9), { "rnn/recurrent_kernel": 1 / 2.9 });
  // Too small kernels are not made smaller.
  assertEquals(recurrentFactors(0.64, 0.5), { "rnn/recurrent_kernel": 2 });
});

Deno.test("kernelScale() leaves a kernel for inputs alone that another finding is about, and plain layers", () => {
  const both = kernelScale(patientOf(makeMeasurements([recurrent(0.64)]), [
    scale("rnn", 3),
    scale("rnn", 2, { figures: { std: { value: 0.64, unit: "std" } } }),
  ]));
  assertEquals(factorsOf(both[0]), { "rnn/kernel": 1 / 2 });
  assertEquals(factorsOf(scales(scale("dense_1", 100))[0]), { "dense_1/kernel": 1 / 100 });
  // The recurrent kernel is not at fault here.
  const weights = [
    ...recurrent(0.64).weights!,
    makeWeight({ name: "rnn/attention_kernel", values: flat(0.64, 400) }),
  ];
  const measurements = makeMeasurements([{ ...recurrent(0.64), weights }]);
  const [suspect] = kernelScale(patientOf(measurements, [scale("rnn", 4)]));
  assertEquals(factorsOf(suspect), { "rnn/kernel": 0.25 });
});

/** The initialiser that is advised for kernels found 10 times too large. */
function advised(layers: Partial<LayerMeasurements>[], over = {}): string | null {
  const names = layers.map(({ name }, i) => name ?? `dense_${i + 1}`);
  const findings = names.map((name) => scale(name, 10));
  return initializerOf(kernelScale(patientOf(makeMeasurements(layers, over), findings))[0]);
}

Deno.test("kernelScale() advises the initialiser that suits all activations, if it draws at the right scale", () => {
  assertEquals(advised([{ activation: "relu" }, { activation: "relu" }]), "heUniform");
  assertEquals(advised([{ activation: "tanh" }]), "leCunUniform");
  assertEquals(advised([{ activation: "softmax" }]), "leCunUniform");
  assertEquals(advised([{ activation: "relu" }, { activation: "tanh" }]), null);
  // A kernel that is applied at every second place has half of the fan-in that TensorFlow.js takes.
  const strided = { strides: [2], activation: "relu" };
  assertEquals(advised([strided]), null);
  const weightsOnly = { format: "PyTorch" } as never;
  assertEquals(advised([strided], { weightsOnly }), "heUniform");
  // It takes a window of 9 over 4 channels as 36 inputs, of which an output reads 9.
  const depthwise = makeWeight({ name: "d/depthwise_kernel", shape: [3, 3, 4, 1] });
  assertEquals(
    advised([{
      name: "d",
      className: "DepthwiseConv2D",
      activation: "relu",
      weights: [depthwise],
    }]),
    null,
  );
});

/** Linear layers whose kernels are too small by these factors. */
const linears = (...factors: number[]): Partial<LayerMeasurements>[] =>
  factors.map((factor, i) => ({
    activation: "linear",
    weights: [makeWeight({
      name: `dense_${i + 1}/kernel`,
      shape: [16, 16],
      values: { ...flat(0.25, 256), rms: 0.25 / factor },
    })],
  }));

const gainsOf = (layers: Partial<LayerMeasurements>[], findings: Finding[] = []) =>
  gains(patientOf(makeMeasurements(layers), findings));

Deno.test("gains() blames kernels that are near their gain but add up, from a factor of 1.5 on", () => {
  assertEquals(said(gainsOf(linears(1.21, 1.21))), []);
  assertEquals(said(gainsOf(linears(1.3, 1.3))), [
    "The kernels of dense_1, dense_2 are each about 1.3 times too small for linear: over 2 layers " +
    "that is a factor of 1.69.",
  ]);
  assertEquals(said(gainsOf(linears(1 / 1.3, 1 / 1.5))), [
    "The kernels of dense_1, dense_2 are each 1.3 to 1.5 times too large for linear: over 2 layers " +
    "that is a factor of 1.95.",
  ]);
  assertEquals(said(gainsOf(linears(1.6))), []);
  assertEquals(said(gainsOf(linears(1.3, 1 / 1.3))), []);
  assertEquals(said(gainsOf(linears(1.25, 1.2))).length, 1);
  const [first, ...others] = linears(1.3, 2, 2);
  const [{ message }] = gainsOf([first, ...others.map((one) => ({ ...one, activation: "relu" }))]);
  assertEquals(/ for (.*):/.exec(message)![1], "linear and relu");
});

Deno.test("gains() gives one factor if they are within 1.1 times of each other", () => {
  const sizes = (...factors: number[]) =>
    / each (.*) times/.exec(gainsOf(linears(...factors))[0].message)![1];
  assertEquals(sizes(1.4, 1.53), "about 1.46");
  assertEquals(sizes(1.25, 1.375), "1.25 to 1.38");
  assertEquals(sizes(1 / 1.4, 1 / 1.53), "about 1.46");
});

Deno.test("gains() leaves kernels alone that are close to their gain, or so far off that a rule judges them", () => {
  const [close] = gainsOf(linears(1.05, 1.06, 1.5));
  assertEquals(close.layers, ["dense_2", "dense_3"]);
  const [large] = gainsOf(linears(1 / 1.05, 1 / 1.06, 1 / 1.5));
  assertEquals(large.layers, ["dense_2", "dense_3"]);
  assertEquals(gainsOf(linears(4.9, 1.5, 5))[0].layers, ["dense_1", "dense_2"]);
  assertEquals(gainsOf(linears(1 / 4.9, 1 / 1.5, 1 / 5))[0].layers, ["dense_1", "dense_2"]);
  // In a trained network the rule only notes them.
  const noted = (over: object, factor = 5.1) => {
    const note = scale("dense_3", 5.1, { severity: "note", ...over });
    return gainsOf(linears(4.9, 1.5, factor), [note])[0].layers.length;
  };
  assertEquals(noted({}), 3);
  for (
    const over of [
      { suppressed: "known" },
      { unjudged: true },
      { severity: "warning" },
      { rule: "bias-init" },
    ]
  ) assertEquals(noted(over), 2);
  // No factor makes a kernel from zeros.
  assertEquals(noted({}, Infinity), 2);
});

Deno.test("gains() judges hidden kernels with a gain, unless a normalisation or an addition follows", () => {
  const judged = (change: Partial<LayerMeasurements>) => {
    const [first, ...others] = linears(1.5, 1.5, 1.5);
    return gainsOf([{ ...first, ...change }, ...others])[0].layers.length;
  };
  assertEquals(judged({}), 3);
  assertEquals(judged({ role: "output" }), 2);
  assertEquals(judged({ activation: "softmax" }), 2);
  const behind = (kind: LayerMeasurements["kind"], className: string) => {
    const layer = { kind, className, activation: null, weights: [], depth: 1, name: "after" };
    const [first, ...others] = linears(1.5, 1.5, 1.5);
    return gainsOf([
      first,
      { ...layer },
      ...others.map((other, i) => ({ ...other, depth: i + 2, name: `dense_${i + 2}` })),
    ])[0].layers.length;
  };
  assertEquals(behind("addition", "Add"), 2);
  assertEquals(behind("normalization", "LayerNormalization"), 2);
  assertEquals(behind("passesOn", "Flatten"), 3);
});

Deno.test("gains() explains scales alone up to a factor of 5, then the whole signal, and multiplies each kernel", () => {
  const explained = (...factors: number[]) => {
    const [{ explains }] = gainsOf(linears(...factors));
    return ["activation-scale", "vanishing-gradients", "bias-init"].map((rule) =>
      explains(finding("dense_1", { rule }))
    );
  };
  assertEquals(explained(2.4, 2), [true, false, false]);
  assertEquals(explained(2.5, 2), [true, true, false]);
  assertEquals(explained(1 / 2.3, 1 / 2.3), [true, true, false]);
  const [suspect] = gainsOf(linears(1.4, 1.6));
  assertEquals(initializerOf(suspect), "leCunUniform");
  const factors = Object.values(factorsOf(suspect));
  assertAlmostEquals(factors[0], 1.4);
  assertAlmostEquals(factors[1], 1.6);
});

Deno.test("narrowChain() names the hidden kernels of a chain that the architecture rule notes as narrow", () => {
  const note = (over = {}) =>
    finding("dense_1", { rule: "architecture", kind: "narrow", severity: "note", ...over });
  const narrow = (found: Finding) => narrowChain(patientOf(makeMeasurements([{}, {}]), [found]));
  const [{ layers, explains, message }] = narrow(note());
  assertEquals([layers, message], [["dense_1", "dense_2"], note().message]);
  assertEquals(explains(finding("dense_1", { rule: "vanishing-gradients" })), true);
  assertEquals(narrow(note({ kind: "no-activation" })), []);
  assertEquals(narrow(note({ rule: "symmetry" })), []);
});
