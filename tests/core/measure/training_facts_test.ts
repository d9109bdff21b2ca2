import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { MeasureError } from "../../../src/core/measure/measure_options.ts";
import { dropoutOf, optimizerOf } from "../../../src/core/measure/training_facts.ts";

Deno.test("measure() says what each layer drops in training", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.randomNormal([2, 3, 4]);
  const model = tf.sequential({
    layers: [
      tf.layers.spatialDropout1d({ name: "space", rate: 0.1, inputShape: [3, 4] }),
      tf.layers.gaussianDropout({ name: "gauss", rate: 0.2 }),
      tf.layers.alphaDropout({ name: "alpha", rate: 0.3 }),
      tf.layers.lstm({
        name: "lstm",
        units: 2,
        dropout: 0.4,
        recurrentDropout: 0.5,
        returnSequences: true,
      }),
      tf.layers.rnn({
        name: "stack",
        cell: [
          tf.layers.gruCell({ units: 2, dropout: 0.1 }),
          tf.layers.simpleRNNCell({ units: 2, dropout: 0.7, recurrentDropout: 0.25 }),
        ],
      }),
      tf.layers.dropout({ name: "drop", rate: 0.6 }),
      tf.layers.dropout({ name: "none", rate: 0 }),
      tf.layers.dense({ name: "head", units: 1 }),
    ],
  });
  const { layers } = await measure(model, { inputs: input });
  const dropping = layers.filter(({ dropout, recurrentDropout }) =>
    dropout !== undefined || recurrentDropout !== undefined
  );
  assertEquals(
    dropping.map(({ name, dropout, recurrentDropout }) => [name, dropout, recurrentDropout]),
    [
      ["space", 0.1, undefined],
      ["gauss", 0.2, undefined],
      ["alpha", 0.3, undefined],
      ["lstm", 0.4, 0.5],
      ["stack", 0.7, 0.25],
      ["drop", 0.6, undefined],
    ],
  );
  model.dispose();
  input.dispose();
});

Deno.test("measure() says what the regularizers add to the loss, by layer and in all", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.randomNormal([2, 4]);
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        name: "one",
        units: 3,
        inputShape: [4],
        kernelRegularizer: tf.regularizers.l1l2({ l1: 0.5, l2: 0.25 }),
        biasRegularizer: tf.regularizers.l2({ l2: 2 }),
        biasInitializer: "ones",
      }),
      tf.layers.dense({ name: "plain", units: 3 }),
      tf.layers.dense({ name: "two", units: 1, kernelRegularizer: "l1l2" }),
    ],
  });
  const sumOf = (values: ArrayLike<number>, term: (x: number) => number) =>
    Array.from(values).reduce((sum, x) => sum + term(x), 0);
  const squares = (values: ArrayLike<number>) => sumOf(values, (x) => x * x);
  const [one, , two] = model.layers.map((layer) => layer.getWeights()[0].dataSync());
  const sizes = sumOf(one, Math.abs);
  const expected = [
    0.5 * sizes + 0.25 * squares(one) + 2 * 3,
    undefined,
    0.01 * (sumOf(two, Math.abs) + squares(two)),
  ];
  const before = tf.memory().numTensors;
  const { layers, objective } = await measure(model, { inputs: input });
  assertEquals(tf.memory().numTensors, before);
  layers.forEach(({ penalty }, i) => {
    if (expected[i] === undefined) return assertEquals(penalty, undefined);
    assertAlmostEquals(penalty! / expected[i], 1, 1e-6);
  });
  assertAlmostEquals(objective.penalty! / (expected[0]! + expected[2]!), 1, 1e-6);
  const penalised = await measure(model, { inputs: input }, { penalties: true });
  assertAlmostEquals(penalised.objective.value - objective.value, objective.penalty!, 1e-5);
  assertEquals(penalised.objective.penalty, objective.penalty);
  model.dispose();

  const without = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
  assert(!("penalty" in (await measure(without, { inputs: input })).objective));
  without.dispose();
  input.dispose();
});

Deno.test("measure() names the layer whose regularizer throws", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.randomNormal([2, 4]);
  const layer = tf.layers.dense({ name: "bad", units: 1, inputShape: [4] });
  const model = tf.sequential({ layers: [layer] });
  layer.addLoss([() => {
    throw new Error("no weights");
  }]);
  await assertRejects(
    () => measure(model, { inputs: input }),
    MeasureError,
    "The penalty of layer bad cannot be computed: no weights",
  );
  model.dispose();
  input.dispose();
});

Deno.test("dropoutOf() is nothing of a layer or a custom cell that says nothing of it", () => {
  const of = (className: string, fields: object) =>
    dropoutOf({ getClassName: () => className, ...fields } as never);
  assertEquals(of("Dropout", {}), {});
  assertEquals(of("Dropout", { rate: 0.5 }), { dropout: 0.5 });
  assertEquals(of("Dense", { rate: 0.5 }), {});
  assertEquals(of("RNN", { cell: {} }), {});
  assertEquals(of("RNN", { cell: { cells: [{}, {}] } }), {});
  assertEquals(of("RNN", { cell: { cells: [] } }), {});
  assertEquals(of("RNN", { cell: { cells: [{ dropout: 0.1 }, {}] } }), { dropout: 0.1 });
  assertEquals(of("RNN", { cell: { recurrentDropout: 0.2 } }), { recurrentDropout: 0.2 });
});

Deno.test("optimizerOf() has the name of an optimizer, and its rate where that is a number", () => {
  const of = (optimizer: unknown) => optimizerOf({ optimizer } as never);
  const getClassName = () => "Adam";
  assertEquals(of(undefined), {});
  assertEquals(of({}), {});
  assertEquals(of({ getClassName }), { optimizer: { name: "Adam", learningRate: null } });
  assertEquals(of({ getClassName, learningRate: 0 }), {
    optimizer: { name: "Adam", learningRate: 0 },
  });
});
