import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { LayersModel, Tensor } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, type Measurements, type TensorStatistics } from "../../../src/entry/measure.ts";

const { tf } = await startEngine({ threads: 1 });

type Symbolic = LayersModel["inputs"][number];

const draw = (shape: number[], seed = 3): Tensor => tf.randomNormal(shape, 0, 1, "float32", seed);

function dense(units: number, name: string, more: object = {}) {
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 1, seed: units + name.length });
  return tf.layers.dense({ units, name, kernelInitializer, ...more });
}

const row = ({ layers }: Measurements, name: string) => {
  const found = layers.find((layer) => layer.name === name);
  assert(found, `no layer ${name} among ${layers.map((layer) => layer.name)}`);
  return found;
};

function assertSame(actual: TensorStatistics | null, expected: TensorStatistics | null) {
  assertEquals(actual?.count, expected?.count);
  assertAlmostEquals(actual!.rms, expected!.rms, 1e-5 * expected!.rms);
  assertAlmostEquals(actual!.meanAbs, expected!.meanAbs, 1e-5 * expected!.meanAbs);
}

/** A feature and what follows of it, flat or as a nested model with two outputs; both go on. */
function twoOutputs(isNested: boolean): LayersModel {
  const input = tf.input({ shape: [4] });
  const body = (x: Symbolic) => {
    const feature = dense(4, "feature", { activation: "tanh" }).apply(x) as Symbolic;
    return [feature, dense(4, "aux").apply(feature) as Symbolic];
  };
  const inner = tf.input({ shape: [4] });
  const [feature, aux] = isNested
    ? tf.model({ inputs: inner, outputs: body(inner), name: "backbone" }).apply(input) as Symbolic[]
    : body(input);
  const outputs = [feature, aux, dense(1, "head").apply(feature) as Symbolic];
  return tf.model({ inputs: input, outputs });
}

Deno.test("measure() gives a nested model with several outputs the figures of the same layers flat", async () => {
  const inputs = draw([16, 4]);
  const models = [twoOutputs(false), twoOutputs(true)];
  const [flat, nested] = await Promise.all(models.map((model) => measure(model, { inputs })));
  assertAlmostEquals(nested.objective.value, flat.objective.value, 1e-5);
  for (const [name, path] of [["feature", "backbone/feature"], ["aux", "backbone/aux"]]) {
    const expected = row(flat, name), actual = row(nested, path);
    assertEquals([expected.calls, actual.calls], [1, 1]);
    assertSame(actual.activations, expected.activations);
    assertSame(actual.activationGradients, expected.activationGradients);
    assertSame(actual.preActivationGradients, expected.preActivationGradients);
    assertSame(actual.weights[0].gradients, expected.weights[0].gradients);
  }
  inputs.dispose();
});

Deno.test("measure() counts a call for each place of a model with several outputs, also of one input", async () => {
  const inner = tf.input({ shape: [3] });
  const split = tf.model({
    inputs: inner,
    outputs: ["p", "q"].map((name) => dense(3, name).apply(inner) as Symbolic),
    name: "split",
  });
  const input = tf.input({ shape: [3] });
  const places = [input, input].map((x) => split.apply(x) as Symbolic[]);
  // Outputs of the two places take turns, so that neither is asked for twice in a row.
  const order = [places[0][0], places[1][1], places[0][1], places[1][0]];
  const outputs = order.map((x, i) => dense(1, `head_of_${i}`).apply(x) as Symbolic);
  const model = tf.model({ inputs: input, outputs });
  const inputs = draw([5, 3]);
  const measurements = await measure(model, { inputs });
  for (const [name, heads] of [["split/p", [0, 3]], ["split/q", [1, 2]]] as const) {
    const { calls, activations, activationGradients } = row(measurements, name);
    assertEquals([calls, activations!.count, activationGradients!.count], [2, 30, 30]);
    // Each call gets back what its own head sends.
    const sent = heads.map((i) => model.getLayer(`head_of_${i}`).getWeights()[0].dataSync())
      .flatMap((kernel) => [...kernel, ...kernel, ...kernel, ...kernel, ...kernel]);
    const square = sent.reduce((sum, x) => sum + x * x, 0) / sent.length;
    assertAlmostEquals(activationGradients!.rms, Math.sqrt(square), 1e-5);
  }
  inputs.dispose();
});

Deno.test("measure() tells two calls of a model around from two outputs inside of it", async () => {
  const core = tf.input({ shape: [3] });
  const pair = tf.model({
    inputs: core,
    outputs: ["p", "q"].map((name) => dense(3, name).apply(core) as Symbolic),
    name: "pair",
  });
  const inner = tf.input({ shape: [3] });
  const sum = tf.layers.add().apply(pair.apply(inner) as Symbolic[]) as Symbolic;
  const outer = tf.model({ inputs: inner, outputs: sum, name: "outer" });
  const input = tf.input({ shape: [3] });
  const both = [1, 2].map(() => outer.apply(input) as Symbolic);
  const model = tf.model({ inputs: input, outputs: tf.layers.add().apply(both) as Symbolic });
  const inputs = draw([5, 3]);
  const before = tf.memory().numTensors;
  const measurements = await measure(model, { inputs });
  assertEquals(tf.memory().numTensors, before);
  const { calls, activations, activationGradients } = row(measurements, "outer/pair/p");
  assertEquals([calls, activations!.count, activationGradients!.count], [2, 30, 30]);
  assertEquals([activationGradients!.mean, activationGradients!.std], [1, 0]);
  inputs.dispose();
});

Deno.test("measure() has z, a and their gradients over the same calls, 0 off the objective's path", async () => {
  const input = tf.input({ shape: [4] });
  const shared = dense(4, "shared", { activation: "tanh" });
  const once = shared.apply(input) as Symbolic;
  const twice = shared.apply(once) as Symbolic;
  const aside = dense(2, "aside").apply(once) as Symbolic;
  const model = tf.model({ inputs: input, outputs: [once, twice, aside] });
  const inputs = draw([8, 4]);
  const first = ([output]: Tensor[]) => output.sum() as Tensor;
  const measurements = await measure(model, { inputs }, { objective: first });
  const { calls, ...figures } = row(measurements, "shared");
  assertEquals(calls, 2);
  const { preActivations, activations, activationGradients, preActivationGradients } = figures;
  const counts = [preActivations, activations, activationGradients, preActivationGradients];
  assertEquals(counts.map((figure) => figure!.count), [64, 64, 64, 64]);
  // The first call gets a 1 for each entry, the second nothing.
  assertEquals([activationGradients!.mean, activationGradients!.zeroFraction], [0.5, 0.5]);
  assertAlmostEquals(activationGradients!.rms, Math.sqrt(0.5), 1e-7);
  assertEquals(preActivationGradients!.zeroFraction, 0.5);
  const { activationGradients: none, absent } = row(measurements, "aside");
  assertEquals([none, absent.activationGradients], [
    null,
    "the layer is not on the objective's path",
  ]);
  inputs.dispose();
});

Deno.test("measure() runs a recurrent layer once, whichever of its outputs are read, with a mask and without", async () => {
  const inputs = draw([2, 3, 2]);
  for (const isMasked of [false, true]) {
    const gradients: number[] = [];
    for (const read of [[0], [1], [0, 1], [0, 2]]) {
      const input = tf.input({ shape: [3, 2] });
      const sequence = isMasked
        ? tf.layers.masking({ maskValue: 9 }).apply(input) as Symbolic
        : input;
      const encoder = tf.layers.lstm({
        units: 2,
        returnState: true,
        name: "encoder",
        kernelInitializer: tf.initializers.randomNormal({ seed: 1 }),
        recurrentInitializer: tf.initializers.randomNormal({ seed: 2 }),
      });
      const states = encoder.apply(sequence) as Symbolic[];
      const outputs = read.map((i) => dense(3, `reads_${i}`).apply(states[i]) as Symbolic);
      const model = tf.model({ inputs: input, outputs });
      const measured = await measure(model, { inputs });
      const sums = [model.predict(inputs)].flat().map((output) => output.sum().dataSync()[0]);
      assertAlmostEquals(measured.objective.value, sums.reduce((a, b) => a + b), 1e-5);
      const { calls, activations, activationGradients, preActivations, preActivationGradients } =
        row(measured, "encoder");
      assertEquals([calls, activations!.count, preActivations!.count], [1, 4, 48]);
      assertEquals([activationGradients!.count, preActivationGradients!.count], [4, 48]);
      gradients.push(activationGradients!.mean);
      model.dispose();
    }
    // The last output is the state h: what reads one of them reads the other.
    assertAlmostEquals(gradients[2], gradients[0] + gradients[1], 1e-6);
  }
  inputs.dispose();
});

Deno.test("measure() knows an output that a model lists twice", async () => {
  const inner = tf.input({ shape: [2] });
  const once = dense(2, "twice", { kernelInitializer: "ones" }).apply(inner) as Symbolic;
  const { warn } = console;
  console.warn = () => {};
  const nested = tf.model({ inputs: inner, outputs: [once, once], name: "nested" });
  const input = tf.input({ shape: [2] });
  const both = nested.apply(input) as Symbolic[];
  const models = [
    nested,
    tf.model({ inputs: input, outputs: tf.layers.add().apply(both) as Symbolic }),
  ];
  console.warn = warn;
  const inputs = tf.ones([1, 2]);
  for (const model of models) {
    const { objective, layers } = await measure(model, { inputs });
    assertEquals(objective.value, 8);
    assertEquals([layers[0].calls, layers[0].activationGradients!.mean], [1, 2]);
  }
  inputs.dispose();
});

Deno.test("measure() keeps the gradient of a layer apart from that of an input that it returns", async () => {
  class Both extends tf.layers.Layer {
    static className = "Both";
    override call(inputs: Tensor | Tensor[]) {
      const [x] = [inputs].flat();
      return [x, tf.mul(x, 2)] as never;
    }
    override computeOutputShape(shape: never): never {
      return [shape, shape] as never;
    }
  }
  const input = tf.input({ shape: [2] });
  const hidden = dense(2, "hidden").apply(input) as Symbolic;
  const [same, twice] = new Both({ name: "both" }).apply(hidden) as Symbolic[];
  const ones = (name: string) => dense(1, name, { kernelInitializer: "ones" });
  const outputs = [hidden, same, twice].map((x, i) => ones(`reads_${i}`).apply(x) as Symbolic);
  const model = tf.model({ inputs: input, outputs });
  const inputs = draw([3, 2]);
  const measured = await measure(model, { inputs });
  // 1 from the first output alone; for the input, 1 from each of two readers and 2 from the third.
  assertEquals(row(measured, "both").activationGradients!.mean, 1);
  assertEquals(row(measured, "hidden").activationGradients!.mean, 4);
  model.dispose();
  inputs.dispose();
});
