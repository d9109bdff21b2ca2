import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../../src/engine/mod.ts";
import { randomBatch } from "../../../../src/entry/model.ts";
import type { LayerMeasurements } from "../../../../src/core/measure/measurements.ts";
import { measure, type Measurements } from "../../../../src/entry/measure.ts";
import { parseReport, renderJson } from "../../../../src/core/text/report_document.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { networkOf } from "../../../../src/core/rules/network/network.ts";
import type { Predictions } from "../../../../src/core/rules/network/signal_theory.ts";
import { activationScale } from "../../../../src/core/rules/signal/activation_scale.ts";
import { gradientBalance } from "../../../../src/core/rules/signal/gradient_balance.ts";
import { gradientRatio } from "../../../../src/core/rules/signal/gradient_ratio.ts";
import { signalDies } from "../../../../src/core/rules/signal/signal_dies.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { makeKit } from "../../../networks/signal_kit.ts";
import { HEALTHY } from "../../../networks/signal_models.ts";

const { tf } = await startEngine({ threads: 1 });

const RULES = [activationScale, gradientBalance, gradientRatio];
const SEEDS = 6;

/** Measures one draw of a network whose kernels are multiplied by a factor. */
async function draw(name: string, seed: number, scale = 1): Promise<Measurements> {
  const { build, examples = 32, objective } = HEALTHY[name];
  const model = build(makeKit(tf, seed));
  if (scale !== 1) {
    for (const weight of model.weights) {
      const values = weight.read();
      if (values.rank < 2 || !weight.name.includes("kernel")) continue;
      (weight as unknown as { write(values: unknown): void }).write(tf.mul(values, scale));
    }
  }
  const batch = randomBatch(model, { examples, seed, objective });
  const measured = await measure(model, batch, { objective: objective as "meanSquaredError" });
  model.dispose();
  tf.dispose([batch.inputs, batch.targets ?? []]);
  return measured;
}

const judge = (measured: Measurements) => RULES.flatMap((rule) => rule.run(measured));

/** Signals that usual initialisers explain give a warning that no assertion fails on. */
const isExcused = ({ kind }: Finding) => kind === "small" || kind === "large";

for (const name of Object.keys(HEALTHY)) {
  Deno.test(`theory predicts what ${name} measures, within its doubt, and the rules are silent`, async () => {
    const off = new Map<string, { of: number; doubt: number }[]>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const measured = await draw(name, 1000 + seed);
      assertEquals(judge(measured).filter((one) => !isExcused(one)), [], `seed ${seed}`);
      const { theory } = networkOf(measured);
      measured.layers.forEach((layer, row) => {
        const { activations, preActivationGradients, className, role } = layer;
        const figures = theory.figuresOf(layer);
        if (figures === null || role === "output") return;
        const note = (what: string, found: number, predicted: number, doubt: number) => {
          const key = `${row} ${className} ${what}`;
          off.set(key, [...off.get(key) ?? [], { of: Math.log(found / predicted), doubt }]);
        };
        note("a", activations!.rms, figures.activations, figures.doubt.activations);
        if (figures.deltas === null) return;
        note("delta", preActivationGradients!.rms, figures.deltas, figures.doubt.deltas);
      });
    }
    assert(off.size > 0);
    for (const [key, draws] of off) {
      const mean = (of: (one: typeof draws[number]) => number) =>
        draws.reduce((sum, one) => sum + of(one), 0) / draws.length;
      // Error of theory, plus the spread that remains in the mean of a few draws.
      const limit = mean(({ doubt }) => doubt) + 0.1;
      assert(
        Math.abs(mean(({ of }) => of)) <= limit,
        `${key}: ${mean(({ of }) => of)} of ${limit}`,
      );
    }
  });
}

/** In these, normalisation makes up for kernels of any scale, or for large ones. */
const HIDES: Record<string, number[]> = {
  resnet: [100],
  preact: [100],
  mobilenet: [100],
  densenet: [0.01, 100],
  batchnorm_mlp: [100],
  layernorm_mlp: [100],
};

Deno.test("the rules warn of kernels 100 times too small or large in a network of any graph", async () => {
  for (const name of Object.keys(HEALTHY)) {
    for (const scale of [0.01, 100]) {
      if (HIDES[name]?.includes(scale)) continue;
      const measurements = await draw(name, 7, scale);
      const found = judge(measurements).filter((one) => !isExcused(one));
      const severities = new Set(found.map(({ severity }) => severity));
      const isDead = signalDies({ measurements, trained: false });
      assertEquals([...severities], [isDead ? "error" : "warning"], `${name} x ${scale}`);
    }
  }
});

Deno.test("renderJson() writes what theory predicts beside what was measured, and reads the rest back", async () => {
  const measured = await draw("lenet", 1);
  const { layers } = JSON.parse(renderJson(measured, []));
  const [first, pool] = layers;
  assertEquals(Object.keys(first.predicted), ["activations", "deltas", "doubt"]);
  assertAlmostEquals(Math.log(first.predicted.activations / first.activations.rms), 0, 0.3);
  assertAlmostEquals(
    Math.log(first.predicted.deltas / first.preActivationGradients.rms),
    0,
    0.5,
  );
  assertEquals([pool.className, pool.predicted.deltas], ["AveragePooling2D", null]);
  assertEquals(parseReport(renderJson(measured, [])).measurements, measured);
});

Deno.test("measure() says of each layer what theory needs to know of it", async () => {
  const of = async (name: string) =>
    new Map((await draw(name, 1)).layers.map((layer) => [layer.className, layer]));
  const lenet = await of("lenet");
  assertEquals(lenet.get("AveragePooling2D")!.settings, {
    window: [2, 2],
    strides: [2, 2],
    padding: "valid",
  });
  assertEquals(lenet.get("Conv2D")!.settings!.window, [5, 5]);
  assertEquals(lenet.get("Flatten")!.settings, undefined);
  assertEquals((await of("resnet")).get("BatchNormalization")!.settings, { epsilon: 1e-3 });
  const siamese = await of("siamese");
  assertEquals(siamese.get("Concatenate")!.operands, 2);
  const { layers, batch } = await draw("siamese", 1);
  assertEquals(layers[0].reads?.toSorted(), batch.perInput.map(({ name }) => name));
  assertEquals(layers[1].reads, undefined);
  const { declared } = (await of("transformer")).get("SelfAttention")!;
  assertEquals(declared!.gradients, null);
  assert(declared!.output.meanSquare > 0);
});

const UNITS = 20;

/** A linear layer of that sigma_w which reads others, or the input; its std looks drawn by no initialiser. */
function linear(
  name: string,
  sigma: number,
  inputs: string[],
  given: Partial<LayerMeasurements> = {},
): LayerMeasurements {
  const values = flat(sigma / Math.sqrt(UNITS), UNITS * UNITS);
  return makeLayer({
    name,
    activation: "linear",
    inputs,
    ...inputs.length === 0 ? { reads: ["input"] } : {},
    weights: [makeWeight({ name: `${name}/kernel`, shape: [UNITS, UNITS], values })],
    ...given,
  });
}

const sum = (inputs: string[], given: Partial<LayerMeasurements> = {}) =>
  makeLayer({
    name: "sum",
    className: "Add",
    kind: "addition",
    kernelLayout: undefined,
    activation: null,
    weights: [],
    inputs,
    ...given,
  });

const theoryOf = (...layers: LayerMeasurements[]) =>
  networkOf(makeMeasurements([], { layers })).theory;

/** By how much a layer multiplies the rms of what it reads. */
function factor(predictions: Predictions, name: string, below?: string): number {
  const size = (one: string) => predictions.get(one)!.activations.meanSquare;
  return Math.sqrt(size(name) / (below === undefined ? 1 : size(below)));
}

Deno.test("SignalTheory.predicted is of the weights as they are, and figuresOf() of it per entry", () => {
  const measured = flat(0.5, 640);
  const head = linear("head", 1, ["b"], { role: "output", preActivationGradients: measured });
  const layers = [linear("a", 3, []), linear("b", 2, ["a"]), head];
  const theory = theoryOf(...layers);
  assertAlmostEquals(factor(theory.predicted, "a"), 3, 1e-9);
  assertAlmostEquals(factor(theory.predicted, "b", "a"), 2, 1e-9);
  const { activations, deltas, doubt } = theory.figuresOf(layers[0])!;
  assertAlmostEquals(activations, 3, 1e-9);
  // rms of delta: that of the head, through kernels of 1 and of 2.
  assertAlmostEquals(deltas!, 0.5 * 2, 1e-9);
  assertEquals(doubt, theory.predicted.get("a")!.doubt);
  const figures = (given: Partial<LayerMeasurements>) =>
    theory.figuresOf({ ...layers[0], ...given });
  assertEquals(figures({ preActivations: null })!.deltas, null);
  assertEquals(figures({ name: "nobody" }), null);
  const alone = linear("a", 3, [], { activationGradients: null });
  assertEquals(theoryOf(alone).figuresOf(alone)!.deltas, null);
});

Deno.test("SignalTheory.local is anchored to what was measured of each layer", () => {
  const layers = [
    linear("a", 3, [], { preActivations: flat(5, 640) }),
    linear("b", 2, ["a"], { preActivations: flat(7, 640) }),
  ];
  const { local } = theoryOf(...layers);
  assertAlmostEquals(factor(local, "a"), 5, 1e-9);
  assertAlmostEquals(factor(local, "b"), 7, 1e-9);
});

Deno.test("SignalTheory.critical gives each kernel the gain of its activation, once where all draws are the same", () => {
  const { critical } = theoryOf(
    linear("a", 3, []),
    linear("b", 0.3, ["a"]),
    linear("relu", 3, ["b"], { activation: "relu" }),
  );
  assertEquals(critical.length, 1);
  // selu is critical at two gains.
  const selu = linear("a", 3, [], { activation: "selu" });
  assertEquals(theoryOf(selu).critical.length, 2);
  for (const states of critical) {
    assertAlmostEquals(factor(states, "a"), 1, 1e-9);
    assertAlmostEquals(factor(states, "b", "a"), 1, 1e-9);
    assertAlmostEquals(factor(states, "relu", "b"), 1, 1e-9);
  }
});

Deno.test("SignalTheory.critical lets a kernel in a branch be up to 30 times smaller, and no larger", () => {
  const of = (sigma: number) =>
    theoryOf(linear("a", 1.2, []), linear("b", sigma, ["a"]), sum(["a", "b"])).critical
      .map((states) => [factor(states, "a"), factor(states, "b", "a")]);
  for (
    const [sigma, kept] of [[0.3, 0.3], [1 / 29, 1 / 29], [1 / 31, 1 / 30], [3, 1], [0, 1 / 30]]
  ) {
    for (const [stem, branch] of of(sigma)) {
      assertAlmostEquals(stem, 1, 1e-9);
      assertAlmostEquals(branch, kept, 1e-9, `${sigma}`);
    }
  }
});

Deno.test("SignalTheory takes for a branch what another way goes round, an input of the model included", () => {
  const small = (layers: LayerMeasurements[], name: string) =>
    Math.abs(
      factor(theoryOf(...layers).critical[0], name, name === "b" ? "a" : undefined) - 0.3,
    ) < 1e-9;
  const chain = [linear("a", 0.3, []), linear("b", 0.3, ["a"])];
  const both = [...chain, sum(["a", "b"])];
  assertEquals([small(both, "a"), small(both, "b")], [false, true]);
  assertEquals([small(chain, "a"), small(chain, "b")], [false, false]);
  const round = [...chain, sum(["b"], { reads: ["input"] })];
  assertEquals([small(round, "a"), small(round, "b")], [true, true]);
  const alone = [...chain, sum(["b"])];
  assertEquals([small(alone, "a"), small(alone, "b")], [false, false]);
  // A layer above the addition is in no branch of it.
  const above = [linear("a", 1, []), sum(["a", "a"]), linear("b", 0.3, ["sum"])];
  assertAlmostEquals(factor(theoryOf(...above).critical[0], "b", "sum"), 1, 1e-9);
});

Deno.test("SignalTheory.usual keeps a kernel that an initialiser drew, and no other", () => {
  const relu = { activation: "relu" };
  const of = (sigma: number) => factor(theoryOf(linear("a", sigma, [], relu)).usual, "a");
  // Glorot and LeCun of equal fans: sigma_w 1 where relu asks for root 2.
  assertAlmostEquals(of(1), Math.sqrt(1 / 2), 1e-9);
  assertAlmostEquals(of(3), 1, 1e-9);
});

Deno.test("SignalTheory draws depthwise kernels as TensorFlow.js does, too small", () => {
  const shape = [3, 3, 4, 1];
  // Glorot takes 36 inputs and 9 outputs for the fans.
  const std = Math.sqrt(2 / (9 * 4 + 9));
  const layer = makeLayer({
    name: "depthwise",
    className: "DepthwiseConv2D",
    activation: "linear",
    shape: [32, 6, 6, 4],
    inputs: [],
    reads: ["input"],
    weights: [makeWeight({ name: "k/depthwise_kernel", shape, values: flat(std, 36) })],
  });
  for (const states of [...theoryOf(layer).critical, theoryOf(layer).usual]) {
    assertAlmostEquals(factor(states, "depthwise"), Math.sqrt(9) * std, 1e-9);
  }
});

Deno.test("SignalTheory draws recurrent and separable layers as TensorFlow.js does", () => {
  const steps = 2;
  const lstm = (rms: [number, number]) =>
    makeLayer({
      name: "lstm",
      className: "LSTM",
      shape: [32, 5],
      activation: "tanh",
      preActivations: { ...flat(1, 8), count: steps * 20 * 32 },
      activations: flat(1, 160),
      inputs: [],
      reads: ["input"],
      weights: [
        makeWeight({ name: "lstm/kernel", shape: [8, 20], values: flat(rms[0], 160) }),
        makeWeight({ name: "lstm/recurrent_kernel", shape: [5, 20], values: flat(rms[1], 100) }),
      ],
    });
  const gates = makeLayer({ name: "lstm/gates", kind: "cell", activation: "sigmoid", weights: [] });
  const sizes = (rms: [number, number]) => {
    const { critical, predicted } = theoryOf(lstm(rms), gates);
    return [critical[0], predicted].map((states) => factor(states, "lstm"));
  };
  // In any case they are drawn by Glorot and orthogonal: 2 / 28 and 1 / 20.
  const drawn: [number, number] = [Math.sqrt(2 / 28), Math.sqrt(1 / 20)];
  const [, expected] = sizes(drawn);
  for (const rms of [drawn, [3, 0.01], [0.01, 3]] as [number, number][]) {
    assertAlmostEquals(sizes(rms)[0], expected, 1e-9);
  }
  const separable = makeLayer({
    name: "separable",
    className: "SeparableConv2D",
    activation: "linear",
    shape: [32, 6, 6, 7],
    inputs: [],
    reads: ["input"],
    weights: [
      makeWeight({ name: "s/depthwise_kernel", shape: [3, 3, 4, 1], values: flat(9, 36) }),
      makeWeight({ name: "s/pointwise_kernel", shape: [1, 1, 4, 7], values: flat(9, 28) }),
      makeWeight({ name: "s/bias", shape: [7], values: flat(0, 7) }),
    ],
    settings: { window: [3, 3], strides: [1, 1], padding: "valid" },
  });
  const fan = Math.sqrt(9 * 2 / (36 + 9) * 4 * 2 / (4 + 7));
  assertAlmostEquals(factor(theoryOf(separable).critical[0], "separable"), fan, 1e-9);
});
