import { assertEquals } from "@std/assert";
import { PEERS } from "../../bench/trainability/peers/peers.ts";
import type { LayerOutput, PeerView } from "../../bench/trainability/peers/view.ts";
import type { TensorStatistics, WeightMeasurements } from "../../src/entry/measure.ts";

const statistics = (own: Partial<TensorStatistics>): TensorStatistics => ({
  count: 100,
  meanAbs: 0.01,
  rms: 0.01,
  maxAbs: 0.02,
  mean: 1e-3,
  std: 0.14,
  l2: 0.1,
  zeroFraction: 0,
  nonFinite: 0,
  ...own,
});

const kernel = (
  gradients: Partial<TensorStatistics>,
  values: Partial<TensorStatistics> = {},
): WeightMeasurements => ({
  name: "dense_1/kernel",
  shape: [100, 100],
  trainable: true,
  values: statistics(values),
  gradients: statistics(gradients),
  gradientsOfUsedRows: null,
  absent: {},
});

const relu = (values: number[], units: number): LayerOutput => ({
  name: "dense_1",
  activation: "relu",
  values: Float32Array.from(values),
  units,
});

const linear: LayerOutput = { ...relu([0.5, -0.4], 1), activation: "linear" };

/** A healthy network with a regression task, with the given changes. */
function view(
  { kernels = [kernel({}), kernel({})], outputs = [], loss = 1, ...rest }:
    & { kernels?: WeightMeasurements[]; outputs?: LayerOutput[]; loss?: number }
    & Partial<PeerView> = {},
): PeerView {
  const measurements = {
    layers: [{ weights: kernels, activation: null, preActivations: null }],
    objective: { name: "meanSquaredError", value: loss },
  } as unknown as PeerView["measurements"];
  return {
    measurements,
    outputs: [...outputs, linear],
    targets: Float32Array.of(-1, 1),
    classes: null,
    inputs: Float32Array.of(-1, 1),
    ...rest,
  };
}

function fired(peer: string, own: PeerView): string[] {
  const { rules } = PEERS.find(({ name }) => name === peer)!;
  return Object.keys(rules).filter((rule) => rules[rule](own));
}

Deno.test("no peer has anything against a healthy network", () => {
  for (const { name } of PEERS) assertEquals(fired(name, view()), [], name);
});

Deno.test("autotrainer compares the first kernel's gradient with the last one's", () => {
  const of = (first: number, last: number) =>
    fired(
      "AUTOTRAINER, its code",
      view({ kernels: [kernel({ l2: first }), kernel({ l2: last })] }),
    );
  assertEquals(of(0.9e-4, 0.1), ["vanish"]);
  assertEquals(of(1.1e-4, 0.2), []);
  assertEquals(of(0.9e-4, 0.05), []);
  assertEquals(of(7.1, 0.1), ["explode"]);
  assertEquals(of(6.9, 0.1), []);
  const zeros = (zeroFraction: number) =>
    fired("AUTOTRAINER, its code", view({ kernels: [kernel({ zeroFraction })] }));
  assertEquals(zeros(0.71), ["dying relu"]);
  assertEquals(zeros(0.69), []);
});

Deno.test("autotrainerLoose goes by the size of a gradient alone", () => {
  const of = (own: Partial<TensorStatistics>) =>
    fired("AUTOTRAINER, as published", view({ kernels: [kernel(own), kernel({})] }));
  assertEquals(of({ meanAbs: 0.9e-7 }), ["vanish"]);
  assertEquals(of({ meanAbs: 1.1e-7 }), []);
  assertEquals(of({ maxAbs: 70 }), ["explode"]);
  assertEquals(of({ maxAbs: 69 }), []);
});

Deno.test("sageMaker counts units that are hardly ever active", () => {
  const of = (...outputs: LayerOutput[]) => fired("SageMaker Debugger", view({ outputs }));
  assertEquals(of(relu([0, 0, 1, 0, 0, 1], 3)), ["DeadRelu"]);
  assertEquals(of(relu([0, 1, 0, 1], 2)), []);
  const tanh = (value: number) => ({ ...relu([value, value], 1), activation: "tanh" });
  assertEquals(of(tanh(1)), ["SaturatedActivation"]);
  assertEquals(of(tanh(0.999)), []);
  assertEquals(of(relu([1, NaN], 1)), ["ExplodingTensor"]);
  const vanishing = view({ kernels: [kernel({ meanAbs: 0.9e-7 })] });
  assertEquals(fired("SageMaker Debugger", vanishing), ["VanishingGradient"]);
});

Deno.test("deepDiagnosis looks at entries, and at the range of the head", () => {
  const of = (own: Parameters<typeof view>[0]) => fired("DeepDiagnosis", view(own));
  assertEquals(of({ outputs: [relu([0, 0, 0, 0, 0, 0, 0, 1, 1, 1], 1)] }), ["dead node"]);
  assertEquals(of({ outputs: [relu([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], 1)] }), []);
  const tanh = (value: number) => [{ ...relu([value, value], 1), activation: "tanh" }];
  assertEquals(of({ outputs: tanh(Math.tanh(5.1)) }), ["saturated activation"]);
  assertEquals(of({ outputs: tanh(Math.tanh(4.9)) }), []);
  // The head's outputs reach over 0.9.
  assertEquals(of({ targets: Float32Array.of(0, 0.08) }), ["out of range"]);
  assertEquals(of({ targets: Float32Array.of(0, 0.1) }), []);
});

Deno.test("theDeepChecker compares variances with those of initialisers, and the loss with guessing", () => {
  const name = "TheDeepChecker, before training";
  const std = (own: number) => fired(name, view({ kernels: [kernel({}, { std: own })] }));
  // He's variance is 0.02, those of the others 0.01.
  assertEquals(std(Math.sqrt(0.02 * 2.6)), []);
  assertEquals(std(Math.sqrt(0.02 * 2.8)), ["weights"]);
  assertEquals(std(0), ["weights"]);
  const loss = (own: number) => fired(name, view({ classes: 10, loss: own }));
  assertEquals(loss(2 * Math.log(10) - 0.01), []);
  assertEquals(loss(2 * Math.log(10)), ["loss"]);
  assertEquals(loss(NaN), ["loss"]);
  assertEquals(fired(name, view({ inputs: Float32Array.of(0, 255) })), ["features"]);
  assertEquals(fired(name, view({ targets: Float32Array.of(5, 900) })), ["targets"]);
});

Deno.test("torchdiag has absolute limits for the largest gradient", () => {
  const of = (maxAbs: number) => fired("torchdiag", view({ kernels: [kernel({ maxAbs })] }));
  assertEquals(of(101), ["explode"]);
  assertEquals(of(99), []);
  assertEquals(of(0.9e-7), ["vanish"]);
  assertEquals(of(1.1e-7), []);
  const off = (...values: number[]) =>
    fired("torchdiag", view({ outputs: [relu(values, values.length)] }));
  assertEquals(off(0, 1, 1, 1), ["dead neurons"]);
  assertEquals(off(0, 1, 1, 1, 1), []);
  assertEquals(fired("torchdiag", view({ kernels: [] })), ["all frozen"]);
});
