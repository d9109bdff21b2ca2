import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { describeLayer } from "../../../src/core/measure/describe_layer.ts";
import { LayerRecord } from "../../../src/core/measure/layer_record.ts";
import { sumEntries, sumTensor } from "../../../src/core/measure/sums.ts";
import { makeWeight } from "../../networks/measurements.ts";

const engine = await startEngine();
const { tf } = engine;

Deno.test("measure() says of each layer which figures are absent, and of no others", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "relu6", inputShape: [4] }),
      tf.layers.dense({ units: 3, activation: "tanh" }),
      tf.layers.dense({ units: 3, activation: "relu" }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const inputs = tf.randomNormal([8, 4], 0, 1, "float32", 1);
  const { layers } = await measure(model, { inputs });
  const notBounded = { saturatedFraction: "the activation is not bounded" };
  const notOneSided = { deadFraction: "the activation is not one-sided" };
  assertEquals(layers.map(({ absent }) => absent), [
    {},
    notOneSided,
    notBounded,
    { ...notBounded, ...notOneSided },
  ]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() gives a layer's shape where all of its calls have the same, and none otherwise", async () => {
  const input = tf.input({ shape: [4, 2] });
  const twice = tf.layers.dense({ name: "twice", units: 3 });
  const varied = tf.layers.dense({ name: "varied", units: 3 });
  const pooled = tf.layers.maxPooling1d({ poolSize: 2, strides: 2 }).apply(input);
  const outputs = [twice.apply(input), twice.apply(input), varied.apply(input)]
    .concat(varied.apply(pooled));
  const model = tf.model({ inputs: input, outputs: outputs as never[] });
  const inputs = tf.ones([8, 4, 2]);
  const { layers } = await measure(model, { inputs });
  const shape = (name: string) => layers.find((layer) => layer.name === name)!.shape;
  assertEquals([shape("twice"), shape("varied")], [[8, 4, 3], null]);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() says of an activation whose inputs are no numbers that none was seen", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, activation: "tanh", inputShape: [4] }),
      tf.layers.dense({ units: 3, activation: "relu" }),
    ],
  });
  const inputs = tf.fill([8, 4], NaN);
  const { layers } = await measure(model, { inputs }, { objective: "sum" });
  const why = "no pre-activation was seen";
  assertEquals(
    layers.map(({ saturatedFraction, deadFraction }) => [saturatedFraction, deadFraction]),
    [[null, null], [null, null]],
  );
  assertEquals(layers[0].absent.saturatedFraction, why);
  assertEquals(layers[1].absent.deadFraction, why);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("measure() judges an activation by a single entry", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        activation: "tanh",
        inputShape: [1],
        kernelInitializer: "ones",
      }),
    ],
  });
  for (const [entry, saturated] of [[0.1, 0], [9, 1]]) {
    const inputs = tf.fill([1, 1], entry);
    const { layers } = await measure(model, { inputs }, { objective: "sum" });
    assertEquals([layers[0].saturatedFraction, layers[0].absent.saturatedFraction], [
      saturated,
      undefined,
    ]);
    inputs.dispose();
  }
  model.dispose();
});

Deno.test("measure() takes the gradient for 0 in a call that the objective does not depend on, however small", async () => {
  const first = tf.input({ shape: [1] });
  const twice = tf.layers.dense({ name: "twice", units: 1, kernelInitializer: "ones" });
  const outputs = [0, 1].map(() => twice.apply(first)) as typeof first[];
  const model = tf.model({ inputs: first, outputs });
  for (const examples of [1, 3]) {
    const inputs = tf.ones([examples, 1]);
    const { layers: [{ activationGradients }] } = await measure(model, { inputs }, {
      objective: ([output]) => output.sum(),
    });
    const { count, zeroFraction, meanAbs } = activationGradients!;
    assertEquals([count, zeroFraction, meanAbs], [2 * examples, 0.5, 0.5]);
    inputs.dispose();
  }
  model.dispose();
});

Deno.test("measure() writes the settings that theory uses, and none of other layers", async () => {
  const { layers } = tf;
  const settingsOf = async (made: unknown, inputShape: number[]) => {
    const input = tf.input({ shape: inputShape });
    const output = (made as ReturnType<typeof layers.dense>).apply(input) as typeof input;
    const model = tf.model({ inputs: input, outputs: output });
    const inputs = tf.ones([2, ...inputShape]);
    const measured = await measure(model, { inputs }, { objective: "sum" });
    tf.dispose(inputs);
    model.dispose();
    return measured.layers[0].settings ?? null;
  };
  const picture = [6, 6, 2], sequence = [6, 2];
  const conv = { filters: 2, kernelSize: [2, 3] as [number, number] };
  const of = { window: [2, 3], strides: [1, 1], padding: "valid" };
  assertEquals(await settingsOf(layers.conv2d(conv), picture), of as never);
  assertEquals(
    await settingsOf(layers.conv2d({ ...conv, strides: [2, 1], padding: "same" }), picture),
    { ...of, strides: [2, 1], padding: "same" } as never,
  );
  for (const dilationRate of [[2, 2], [1, 2]] as [number, number][]) {
    assertEquals(
      await settingsOf(layers.conv2d({ ...conv, dilationRate }), picture),
      { ...of, dilation: dilationRate } as never,
    );
  }
  const one = { filters: 2, kernelSize: 3, padding: "causal" as const };
  assertEquals(await settingsOf(layers.conv1d(one), sequence), {
    window: [3],
    strides: [1],
    padding: "causal",
  });
  assertEquals(
    await settingsOf(layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1] }), picture),
    { window: [3, 2], strides: [2, 1], padding: "valid" },
  );
  assertEquals(await settingsOf(layers.layerNormalization({ epsilon: 0.5 }), [4]), {
    epsilon: 0.5,
  });
  const { rescaling } = layers as unknown as { rescaling: (args: object) => unknown };
  assertEquals(await settingsOf(rescaling({ scale: 3 }), [4]), { scale: 3, offset: 0 });
  const { CustomScaleLayer } = kerasLayers(tf);
  for (
    const [add, settings] of [
      [new CustomScaleLayer({ scale: 0.5 }), { scale: 0.5, offset: 0 }],
      [layers.add(), null],
    ] as const
  ) {
    const twice = { apply: (x: unknown) => add.apply([x, x] as never) };
    assertEquals(await settingsOf(twice, [4]), settings);
  }
  assertEquals(await settingsOf(layers.dense({ units: 1 }), [4]), null);
  assertEquals(await settingsOf(layers.activation({ activation: "relu" }), [4]), null);
});

Deno.test("measure() counts each step of a simple recurrent layer once", async () => {
  const model = tf.sequential({
    layers: [tf.layers.simpleRNN({ units: 2, returnSequences: true, inputShape: [3, 4] })],
  });
  const inputs = tf.randomNormal([8, 3, 4], 0, 1, "float32", 1);
  const { layers: [layer] } = await measure(model, { inputs }, { objective: "sum" });
  assertEquals(layer.activations!.count, 8 * 3 * 2);
  assertEquals(layer.activationGradients!.count, 8 * 3 * 2);
  tf.dispose(inputs);
  model.dispose();
});

Deno.test("sumTensor() sums a run of the entries", () => {
  const tensor = tf.tensor1d([1, 2, 4, 8, 16, 32]);
  const { sumAbs, maxAbs, count } = sumTensor(heapOf(engine), tensor as never, 1, 3);
  assertEquals([sumAbs, maxAbs, count], [14, 8, 3]);
  tensor.dispose();
});

/** A record of a dense layer that was called once, changed as given. */
function recordOf(change: (record: LayerRecord) => void = () => {}, className = "Dense") {
  const layer = { getClassName: () => "Dense", getConfig: () => ({}) } as never;
  const record = new LayerRecord("dense", layer, { className, activation: "relu6" });
  record.calls = 1;
  record.activations = sumEntries([1, 2, 3, 4]);
  record.deviations = 15;
  change(record);
  return record;
}

/** Returns the description of such a layer in a model of two heads. */
const described = (
  change?: (record: LayerRecord) => void,
  { className = "Dense", examples = 2 } = {},
) => describeLayer(recordOf(change, className), [], { heads: 2, examples, penalties: null });

Deno.test("describeLayer() gives the share of the second moment that tells examples apart, or says why not", () => {
  const spread = (change?: (record: LayerRecord) => void, examples = 2) => {
    const { spread, absent } = described(change, { examples });
    return spread ?? absent.spread;
  };
  assertEquals(spread(), 0.5);
  assertEquals("spread" in described().absent, false);
  assertEquals(spread(() => {}, 1), "the batch has one example");
  assertEquals(
    spread((record) => record.activations = sumEntries([1, NaN])),
    "an activation is not finite",
  );
  assertEquals(spread((record) => record.activations = sumEntries([0])), "all activations are 0");
  assertEquals(
    spread((record) => record.deviations = NaN),
    "the activations have no axis of examples",
  );
  assertEquals(
    spread((record) => record.activations = null),
    "the layer is not on the objective's path",
  );
  assertEquals(
    spread((record) => {
      record.activations = null;
      record.absent.activations = "known";
    }),
    "known",
  );
});

Deno.test("describeLayer() says why figures of a pass are absent", () => {
  const { absent } = described();
  assertEquals(absent, {
    preActivations: "its pre-activations cannot be seen from outside",
    preActivationGradients: "its pre-activations cannot be seen from outside",
    activationGradients: "the layer is not on the objective's path",
    saturatedFraction: "no pre-activation was seen",
    deadFraction: "no pre-activation was seen",
  });
  const sums = sumEntries([1]);
  const seen = described((record) => record.preActivations = sums).absent;
  assertEquals(seen.preActivationGradients, "the layer is not on the objective's path");
  const merged = described((record) => record.preActivationGradients = sums).absent;
  assertEquals(
    merged.activationGradients,
    "the loss is computed from what the activation is applied to",
  );
  const uncalled = described((record) => record.calls = 0).absent;
  assertEquals(uncalled.preActivations, "the layer was not called");
});

Deno.test("describeLayer() gives the shares of saturated entries and dead units", () => {
  const shares = (change: (record: LayerRecord) => void) => {
    const { saturatedFraction, deadFraction } = described((record) => {
      record.judgedEntries = 8;
      record.saturatedEntries = 2;
      change(record);
    });
    return [saturatedFraction, deadFraction];
  };
  assertEquals(shares((record) => record.activeUnits = Uint8Array.of(1, 0, 0, 0)), [0.25, 0.75]);
  assertEquals(shares(() => {}), [0.25, null]);
  assertEquals(shares((record) => record.judgedEntries = 0), [null, null]);
});

Deno.test("describeLayer() writes only the facts that a layer has", () => {
  const facts = (change: (record: LayerRecord) => void, className = "Dense") => {
    const { operands, heads, flatRows, kernelLayout, reads, role, shape } = described(change, {
      className,
    });
    return { operands, heads, flatRows, kernelLayout, reads, role, shape };
  };
  const none = {
    operands: undefined,
    heads: undefined,
    flatRows: undefined,
    kernelLayout: "ordinary",
    reads: undefined,
    role: "hidden",
    shape: null,
  } as const;
  assertEquals(facts(() => {}), none);
  // A part of a cell has no kernel of its own.
  assertEquals(facts(() => {}, "Part"), { ...none, kernelLayout: undefined });
  const of = (operands: number, inputs: string[], reads: string[]) =>
    facts((record) => {
      record.operands = operands;
      for (const name of inputs) record.inputs.add(name);
      for (const name of reads) record.reads.add(name);
    }).operands;
  assertEquals([of(2, ["a"], ["x"]), of(3, ["a"], ["x"]), of(1, ["a"], []), of(2, ["a"], [])], [
    undefined,
    3,
    undefined,
    2,
  ]);
  const heads = (...names: string[]) =>
    facts((record) => {
      for (const name of names) record.heads.add(name);
    }).heads;
  assertEquals([heads("a"), heads("a", "b")], [["a"], undefined]);
  const flatRows = (flat: number) =>
    facts((record) => {
      record.rows = 4;
      record.flatRows = flat;
    }).flatRows;
  assertEquals([flatRows(0), flatRows(1)], [undefined, 0.25]);
  const shown = facts((record) => {
    record.isOutput = true;
    record.see([2, 3]);
    record.see([2, 3]);
  });
  assertEquals([shown.role, shown.shape], ["output", [2, 3]]);
  const varied = facts((record) => {
    record.see([2, 3]);
    record.see([2, 4]);
  });
  assertEquals(varied.shape, null);
});

Deno.test("describeLayer() calls a layer trainable if a weight is, or if it has none", () => {
  const isTrainable = (...weights: boolean[]) =>
    describeLayer(recordOf(), weights.map((trainable) => makeWeight({ trainable })), {
      heads: 1,
      examples: 2,
      penalties: null,
    }).trainable;
  assertEquals([isTrainable(), isTrainable(true, false), isTrainable(false)], [true, true, false]);
});
