import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import { architecture, linearRows } from "../../../src/core/rules/weights/architecture.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";

testBrokenNetwork("architecture", { control: { activation: "linear" } });

type Row = Partial<LayerMeasurements> & { widths?: [number, number] };

/** Layers in a row, linear where nothing else is said, between 20 inputs and a head. */
function row(...layers: Row[]) {
  let depth = 0;
  const chain = layers.map(({ widths = [20, 20], ...given }, i) => {
    const className = given.className ?? "Dense";
    const isDense = className === "Dense";
    return makeLayer({
      name: `layer_${i + 1}`,
      activation: isDense ? "linear" : null,
      depth: isDense ? ++depth : depth,
      weights: isDense ? [makeWeight({ name: `layer_${i + 1}/kernel`, shape: widths })] : [],
      ...given,
    });
  });
  return makeMeasurements([], { layers: [...chain, makeHead({ depth: depth + 1 })] });
}

const TANH: Row = { activation: "tanh" };
const LINEAR: Row = {};
const of = (className: string, given: Row = {}): Row => ({ className, ...given });

function found(...layers: Row[]) {
  return architecture.run(row(...layers))
    .map(({ severity, kind, layers = [] }) => [severity, kind, ...layers].join(" "));
}

Deno.test("architecture warns of the first of two kernels that nothing but linear layers separate", () => {
  assertEquals(found(LINEAR, TANH), ["warning no-activation layer_1"]);
  assertEquals(found(TANH, LINEAR, LINEAR, TANH), ["warning no-activation layer_2 layer_3"]);
  const between = [
    of("Flatten"),
    of("Dropout"),
    of("AveragePooling1D"),
    of("BatchNormalization", { normalization: "batch" }),
    of("Activation", { activation: "linear" }),
  ];
  for (const layer of between) {
    assertEquals(found(LINEAR, layer, TANH), ["warning no-activation layer_1"], layer.className);
  }
});

Deno.test("architecture takes for an activation whatever is not linear, and what is unknown", () => {
  const between = [
    of("Activation", { activation: "relu" }),
    of("MaxPooling1D"),
    of("LayerNormalization"),
    of("Unheard"),
  ];
  for (const layer of between) {
    assertEquals(found(LINEAR, layer, TANH), [], layer.className);
  }
  assertEquals(found(TANH, TANH), []);
});

Deno.test("architecture leaves the last layer before a head alone where others have activations", () => {
  assertEquals(found(TANH, LINEAR), []);
  const [finding] = architecture.run(row(LINEAR));
  assertEquals(finding.kind, "no-activation");
  assertStringIncludes(finding.message, "the whole network computes no more than one linear layer");
});

Deno.test("architecture warns where no hidden layer has an activation, whatever else bends the signal", () => {
  assertEquals(found(LINEAR, of("MaxPooling1D"), LINEAR), [
    "warning no-activation layer_1 layer_3",
  ]);
  const measurements = row(LINEAR, of("MaxPooling1D"), LINEAR);
  assertStringIncludes(
    architecture.run(measurements)[0].message,
    "pools and normalisations are all that is not linear",
  );
  const { bare, whole } = linearRows(networkOf(measurements));
  assertEquals([bare, whole], [true, false]);
});

Deno.test("architecture notes a layer that is narrower than both sides, and warns of one as wide as either", () => {
  const narrow = (units: number) =>
    [TANH, { widths: [20, units] }, {
      widths: [units, 12],
      ...TANH,
    }] as Row[];
  assertEquals(found(...narrow(11)), ["note linear-bottleneck layer_2"]);
  assertEquals(found(...narrow(12)), ["warning no-activation layer_2"]);
  assertEquals(found(TANH, LINEAR, { widths: [20, 30], ...TANH }), [
    "warning no-activation layer_2",
  ]);
});

Deno.test("architecture lets the projection of an inverted residual be as wide as what it reads", () => {
  const projection = { widths: [20, 20] } as Row;
  const expansion = { widths: [20, 72], ...TANH } as Row;
  const depthwise = of("DepthwiseConv2D", {
    kernelLayout: "depthwise",
    activation: "relu",
    weights: [makeWeight({ name: "layer_1/depthwise_kernel", shape: [3, 3, 20, 1] })],
  });
  assertEquals(found(depthwise, projection, expansion), ["note linear-bottleneck layer_2"]);
  assertEquals(found(TANH, projection, expansion), ["warning no-activation layer_2"]);
  assertEquals(found(depthwise, { widths: [20, 72] }, expansion), [
    "warning no-activation layer_2",
  ]);
});

Deno.test("architecture takes a bottleneck for the beginning of no row", () => {
  const narrow = { widths: [20, 5] as [number, number] };
  const wide = { widths: [5, 20] as [number, number] };
  assertEquals(found(narrow, wide, TANH), [
    "warning no-activation layer_2",
    "note linear-bottleneck layer_1",
  ]);
  const { rows } = linearRows(networkOf(row(LINEAR, narrow, wide, LINEAR, TANH)));
  assertEquals(rows, [["layer_1"], ["layer_3", "layer_4"]]);
});

Deno.test("architecture leaves depthwise kernels, shared layers and branches alone", () => {
  assertEquals(found(of("DepthwiseConv2D", { ...LINEAR, kernelLayout: "depthwise" }), TANH), []);
  assertEquals(found(TANH, { calls: 2 }, TANH), []);
  const measurements = row(TANH, LINEAR, TANH, { ...TANH, inputs: ["layer_2"] });
  const inputs = [[], ["layer_1"], ["layer_2"], ["layer_2"], ["layer_3"]];
  measurements.layers.forEach((layer, i) => layer.inputs = inputs[i]);
  assertEquals(architecture.run(measurements), []);
});

Deno.test("architecture knows a depthwise convolution of PyTorch by the channels that it does not read", () => {
  const convolution = (name: string, shape: number[], channels: number) =>
    of("Conv2d", {
      name,
      kind: "convolution",
      kernelLayout: "einsum oiii",
      activation: "linear",
      depth: 2,
      shape: [4, channels, 6, 6],
      weights: [makeWeight({ name: `${name}.weight`, shape })],
    });
  const separable = (read: number) =>
    found(
      { ...TANH, name: "stem", shape: [4, read, 6, 6] },
      convolution("spatial", [12, 1, 3, 3], 12),
      { ...convolution("point", [16, 12, 1, 1], 16), activation: "tanh", depth: 3 },
    );
  assertEquals(separable(12), []);
  assertEquals(separable(2), []);
  // A single channel, as of a grey image, is all there is.
  assertEquals(separable(1), ["warning no-activation spatial"]);
});

Deno.test("architecture warns of a softmax behind a hidden kernel, unless it weights other values", () => {
  const softmax: Row = { activation: "softmax" };
  const warning = "warning hidden-softmax";
  assertEquals(found(TANH, softmax, TANH), [`${warning} layer_2`]);
  assertEquals(found(softmax, TANH, softmax), [`${warning} layer_1 layer_3`]);
  assertEquals(found(LINEAR, of("Softmax", { activation: "softmax" })), [`${warning} layer_2`]);
  for (const activation of ["tanh", "softplus"]) assertEquals(found(TANH, { activation }), []);
  const weighting = of("Dot", { kind: "merge", inputs: ["layer_1", "layer_2"] });
  assertEquals(found(TANH, softmax, weighting), []);
  const [{ message }] = architecture.run(row(TANH, softmax));
  assertStringIncludes(
    message,
    "layer_2 ends in a softmax, which is for outputs: the 20 units add",
  );
  const [{ severity }] = architecture.run(row(TANH, softmax), {}, true);
  assertEquals(severity, "note");
});

Deno.test("architecture only notes what a trained network lacks", () => {
  const [finding] = architecture.run(row(LINEAR, TANH), {}, true);
  assertEquals(finding.severity, "note");
});

/** Residual additions, the last of which is this many times as large as the first. */
function stream(growth: number, count = 3, more: Partial<LayerMeasurements>[] = []) {
  const additions = Array.from({ length: count }, (_, i) =>
    makeLayer({
      name: `add_${i + 1}`,
      className: "Add",
      kind: "addition",
      activation: null,
      weights: [],
      activations: flat(growth ** (i / (count - 1)), 640),
    }));
  const layers = [makeLayer(), ...more.map(makeLayer), ...additions, makeHead({ depth: 2 })];
  return makeMeasurements([], { layers });
}

testThreshold("residualGrowth", {
  judge: (growth, options) => architecture.run(stream(growth), options),
  inside: [0.1, 9.9],
  outside: [10.1, 1e6],
  severity: "warning",
});

Deno.test("architecture judges the growth of three additions and more that nothing normalises", () => {
  assertEquals(architecture.run(stream(100, 2)), []);
  const other = (className: string) =>
    architecture.run(stream(100, 3, [{ name: "other", className, weights: [] }]));
  assertEquals(other("LayerNormalization"), []);
  assertEquals(other("Unheard"), []);
  assertEquals(other("Dropout").length, 1);
});

/** So many layers of relu, tanh or swish of one width. */
const chain = (depth: number, width: number, activation: string) =>
  makeMeasurements(Array.from({ length: depth }, () => ({
    activation,
    weights: [makeWeight({ shape: [width, width] })],
  })));

testThreshold("widthLoss", {
  // 5 * 20 / width is the variance; the factor is 1000 at a width of 20.4.
  judge: (width, options) => architecture.run(chain(20, width, "relu"), options),
  inside: [64, 21],
  outside: [20, 2],
  severity: "note",
});

testThreshold("slopeDrift", {
  judge: (depth, options) => architecture.run(chain(depth, 512, "swish"), options),
  inside: [1, 16],
  outside: [17, 40],
  severity: "note",
});

Deno.test("architecture notes no depth of what pulls deviations back, and none of a trained network", () => {
  for (const activation of ["relu", "tanh", "selu"]) {
    assertEquals(architecture.run(chain(40, 512, activation)), []);
  }
  assertEquals(architecture.run(chain(40, 512, "swish"), {}, true), []);
  assertEquals(architecture.run(chain(40, 2, "relu"), {}, true), []);
});

/** Measurements of 32 examples with this mean cosine in the second of three layers. */
function alike(cosine: number, given: Partial<LayerMeasurements> = {}) {
  const spread = 1 - (1 + 31 * cosine) / 32;
  return makeMeasurements([{ spread: 0.9 }, { spread, ...given }, { spread: 0.5 }]);
}

testThreshold("alikeCosine", {
  judge: (cosine, options) => architecture.run(alike(cosine), options),
  inside: [0, 0.99, 0.99989],
  outside: [0.99991, 1],
  severity: "note",
  loose: 0.99995,
});

Deno.test("architecture notes where examples are most alike, and in how many directions they differ", () => {
  const [finding] = architecture.run(alike(0.99995));
  assertEquals([finding.layer, finding.kind], ["dense_2", "alike"]);
  assertStringIncludes(finding.message, "in dense_2 their mean cosine is 1 - 5e-5; expected");
  const alikeness = { cosine: 0.99995, effectiveRank: 1.27, examples: 16 };
  const [ranked] = architecture.run(alike(0.99995, { alikeness }));
  assertStringIncludes(ranked.message, ", and they differ in 1.27 directions of 15; expected");
});

Deno.test("architecture notes no examples that were alike from the start, nor in a trained network", () => {
  const measurements = alike(0.99999);
  assertEquals(architecture.run(measurements, {}, true), []);
  measurements.batch.perInput[0].spread = 1e-6;
  assertEquals(architecture.run(measurements), []);
});

Deno.test("measure() compares examples in dense layers where histograms are asked for, and only there", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: "relu", inputShape: [4] }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const inputs = tf.randomNormal([20, 4]);
  const of = async (histograms: boolean) =>
    (await measure(model, { inputs }, { histograms })).layers.map(({ alikeness }) => alikeness);
  assertEquals(await of(false), [undefined, undefined]);
  const [hidden, head] = await of(true);
  assertEquals([hidden?.examples, head?.examples], [16, 16]);
  model.dispose();
});
