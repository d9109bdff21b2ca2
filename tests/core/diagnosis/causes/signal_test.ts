import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  brokenNumbers,
  cutGradient,
  flatRows,
  mutualZeros,
  residualGrowth,
} from "../../../../src/core/diagnosis/causes/signal.ts";
import type {
  InputMeasurements,
  LayerMeasurements,
  Measurements,
} from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { flat, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";
import { examine } from "../../../../src/core/diagnosis/examine/examine.ts";
import { startEngine } from "../../../../src/engine/start/start_engine.ts";
import { customLayer, sums } from "../../../networks/trained_models.ts";

const broken = (count: number) => ({ ...flat(1, 400), nonFinite: count });

/** Measurements with NaN in the batch and in the kernels of layers, as many as given. */
function withNaN(
  { inputs = 0, targets = 0, kernels = [] }: {
    inputs?: number;
    targets?: number;
    kernels?: number[];
  },
  given: Partial<Measurements> = {},
): Measurements {
  const measurements = makeMeasurements(
    kernels.map((count, i) => ({
      weights: [makeWeight({ name: `dense_${i + 1}/kernel`, values: broken(count) })],
    })),
    given,
  );
  const [input] = measurements.batch.perInput;
  const target = { name: "answers", shape: [32, 1], values: broken(targets), unitMeans: null };
  const batch = {
    ...measurements.batch,
    perInput: [{ ...input, values: broken(inputs) }],
    targets: [target],
  };
  return { ...measurements, batch };
}

const nonFinite = (layer: string | null) => finding(layer, { rule: "non-finite" });

Deno.test("brokenNumbers() lists three places with NaN, counts the rest, and says what to check", () => {
  const find = (given: Parameters<typeof withNaN>[0], findings = [nonFinite(null)]) =>
    brokenNumbers(patientOf(withNaN(given), findings));
  assertEquals(find({ inputs: 3 }, []), []);
  assertEquals(find({}), []);
  const [input] = find({ inputs: 3 });
  assertEquals(
    input.message,
    "There are NaN or infinite entries in the batch's input (3 of 400); they spread from there.",
  );
  assertMatch(JSON.stringify(input.fixes), /Clean the batch/);
  const [target] = find({ targets: 1, kernels: [2, 0, 5] });
  assertMatch(
    target.message,
    /in the batch's answers \(1 of 400\), dense_1\/kernel \(2 of 400\), dense_3\/kernel \(5 of 400\);/,
  );
  assertMatch(JSON.stringify(target.fixes), /Check how dense_1\/kernel was drawn/);
  assertEquals(target.layers, ["dense_1", "dense_3"]);
  const [four] = find({ kernels: [1, 1, 1, 1] });
  assertMatch(four.message, /, dense_3\/kernel \(1 of 400\) and 1 more place; they/);
  assertMatch(JSON.stringify(find({ kernels: [1] })[0].fixes), /Check how dense_1\/kernel/);
  assertMatch(find({ kernels: [1, 1, 1, 1, 1] })[0].message, /and 2 more places; they/);
});

Deno.test("brokenNumbers() states what is found of these layers, and explains all but in weights alone", () => {
  const findings = [nonFinite(null), nonFinite("dense_1"), nonFinite("dense_2")];
  const find = (given: Partial<Measurements>) =>
    brokenNumbers(patientOf(withNaN({ kernels: [1, 0] }, given), findings))[0];
  const { states, explains } = find({});
  assertEquals([states, explains(findings[2])], [findings.slice(0, 2), true]);
  const alone = find({ weightsOnly: { format: "PyTorch" } as never });
  assertEquals([alone.explains(findings[2]), /spread/.test(alone.message)], [false, false]);
});

/** A hidden layer, a custom one that lets nothing through, and a head. */
function cut(over: Partial<LayerMeasurements> = {}, more: Partial<LayerMeasurements> = {}) {
  const silent = { activationGradients: flat(0, 640) };
  const layers = [
    { name: "a", inputs: [], ...silent },
    { name: "b", inputs: ["a"], ...silent, ...more },
    {
      name: "round",
      className: "Round",
      kind: "opaque" as const,
      activation: null,
      weights: [],
      inputs: ["b"],
      depth: 2,
      ...over,
    },
  ];
  const measurements = makeMeasurements(layers);
  measurements.layers.at(-1)!.inputs = ["round"];
  return measurements;
}

const severed = finding("a", { rule: "vanishing-gradients", kind: "severed", layers: ["a"] });
const cuts = (measurements: Measurements, found: Finding = severed) =>
  cutGradient(patientOf(measurements, [found]));

Deno.test("cutGradient() names the custom layer that gets a gradient and passes none on, with all before it", () => {
  const [{ layers, message, fixes, explains }] = cuts(cut());
  assertEquals(layers, ["round"]);
  assertMatch(message, /^round \(Round\) .*: a, b before it get exactly 0, and stay as they were/);
  assertMatch(JSON.stringify(fixes), /Compute round by operations that have a gradient/);
  const flow = (layers: (string | null)[], rule = "gradients-flow") =>
    explains(
      finding(layers[0], { rule, ...layers.length > 1 ? { layers: layers as string[] } : {} }),
    );
  assertEquals(
    [flow(["a"]), flow(["a", "b"]), flow(["a", "head"]), flow([null]), flow(["a"], "symmetry")],
    [true, true, false, false, false],
  );
  const [alone] = cuts(cut({}, { weights: [] }));
  assertMatch(alone.message, /: a before it gets exactly 0, and stays as it was drawn/);
  assertMatch(cuts(cut({}, { activationGradients: null }))[0].message, /: a before it gets/);
  assertMatch(
    JSON.stringify(cuts(cut({ className: "detach" }))[0].fixes),
    /Remove the detach\(\) or torch\.no_grad\(\) behind a, b/,
  );
});

Deno.test("cutGradient() blames no layer that passes a gradient on, gets none, reads none, or is built in", () => {
  for (
    const over of [
      { kind: "passesOn" as const },
      { activationGradients: flat(0, 640) },
      { activationGradients: null },
      { inputs: [] },
    ]
  ) assertEquals(cuts(cut(over)), []);
  assertEquals(cuts(cut({}, { activationGradients: flat(0.1, 640) })), []);
  assertEquals(cuts(cut(), { ...severed, kind: "vanished" }), []);
});

Deno.test("cutGradient() looks behind the last layer that was found", () => {
  const custom = { className: "Round", kind: "opaque" as const, activation: null, weights: [] };
  const silent = { activationGradients: flat(0, 640) };
  const measurements = makeMeasurements([
    { name: "first", inputs: [], ...silent },
    { ...custom, name: "early", inputs: ["first"] },
    { name: "a", inputs: ["first"], ...silent },
    { ...custom, name: "late", inputs: ["a"], depth: 2 },
  ]);
  measurements.layers.at(-1)!.inputs = ["late"];
  const found = { ...severed, layers: ["first", "a"] };
  for (const one of [found, severed]) assertEquals(cuts(measurements, one)[0].layers, ["late"]);
});

Deno.test("residualGrowth() shrinks the ends of branches by the root of their number", () => {
  const add = { className: "Add", kind: "addition" as const, activation: null, weights: [] };
  const measurements = makeMeasurements([
    { name: "a" },
    { name: "b" },
    { ...add, name: "sum", depth: 2 },
    { name: "c", depth: 3 },
    { name: "d", depth: 4 },
    { ...add, name: "sum_1", depth: 4 },
  ]);
  const layers = ["sum", "sum_1"];
  const growth = finding("sum", { rule: "architecture", kind: "residual-growth", layers });
  const [{ fixes: [fix], explains }] = residualGrowth(patientOf(measurements, [growth]));
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  assertEquals(fix.weights.map(({ layer }) => layer), ["b", "d"]);
  for (const { factor } of fix.weights) assertAlmostEquals(factor, Math.SQRT1_2);
  assertEquals(explains(finding(null, { rule: "exploding-gradients" })), true);
  // Kernels that are too large explain it.
  const scale = (kind: string) => finding("a", { rule: "init-scale", kind });
  const beside = (kind: string) =>
    residualGrowth(patientOf(measurements, [growth, scale(kind)])).length;
  assertEquals([beside("too-large"), beside("too-small")], [0, 1]);
  assertEquals(residualGrowth(patientOf(measurements, [{ ...growth, kind: "narrow" }])), []);
});

const zeros = { values: flat(0, 400), gradients: flat(0, 400) };
const silent = { activations: flat(0, 640), activationGradients: flat(0, 640) };

/** Queries and keys, each behind a flatten, whose products a merge computes. */
function products(
  query: Partial<LayerMeasurements> = {},
  merge: Partial<LayerMeasurements> = {},
  key: Partial<LayerMeasurements> = {},
): Measurements {
  const row = (name: string, over: Partial<LayerMeasurements>) => ({
    name,
    inputs: ["in"],
    weights: [makeWeight({ name: `${name}/kernel`, ...zeros })],
    ...silent,
    ...over,
  });
  const layers = [
    { name: "in", inputs: [] },
    row("query", query),
    { name: "flatten", activation: null, weights: [], inputs: ["query"], className: "Flatten" },
    row("key", key),
    {
      name: "dot",
      kind: "merge" as const,
      activation: null,
      weights: [],
      inputs: ["flatten", "key"],
      ...merge,
    },
  ];
  const measurements = makeMeasurements(layers);
  measurements.layers.at(-1)!.inputs = ["dot"];
  return measurements;
}

Deno.test("mutualZeros() names kernels of zeros whose outputs are multiplied, and draws all of them", () => {
  for (const kind of ["merge", "opaque"] as const) {
    const [{ layers, message, fixes: [fix] }] = mutualZeros(patientOf(products({}, { kind })));
    assertEquals(layers, ["query", "key"]);
    assertMatch(message, /^query\/kernel and key\/kernel are all zeros/);
    if (fix.kind !== "redraw") throw new Error(fix.kind);
    assertEquals(fix.weights.map(({ weight, std }) => [weight, std.toFixed(3)]), [
      ["query/kernel", "0.224"],
      ["key/kernel", "0.224"],
    ]);
  }
  const kernel = (over: object) => ({ weights: [makeWeight({ name: "query/kernel", ...over })] });
  for (
    const query of [
      kernel({ ...zeros, values: flat(0.1, 400) }),
      kernel({ ...zeros, gradients: flat(0.1, 400) }),
      kernel({ ...zeros, shape: [20] }),
      { activations: flat(0.1, 640) },
      { activations: null },
      { activationGradients: flat(0.1, 640) },
      { activationGradients: null },
    ]
  ) assertEquals(mutualZeros(patientOf(products(query))), []);
  assertEquals(mutualZeros(patientOf(products({}, { kind: "addition" }))), []);
});

Deno.test("mutualZeros() looks for the weights behind layers of one input alone", () => {
  const without = (inputs: string[]) =>
    mutualZeros(patientOf(products({}, { inputs: ["query", "key"] }, { weights: [], inputs })));
  assertEquals(without(["query"])[0].layers, ["query"]);
  assertEquals(without([]), []);
  assertEquals(without(["query", "in"]), []);
  // A layer that is called again may read itself.
  assertEquals(without(["key"]), []);
});

Deno.test("mutualZeros() names kernels of zeros within a layer, and counts those beyond two", () => {
  const names = ["a/query", "a/key", "a/value", "a/out"];
  const find = (count: number) =>
    mutualZeros(patientOf(makeMeasurements([{
      name: "a",
      weights: [
        makeWeight({ name: "a/other" }),
        ...names.slice(0, count).map((name) => makeWeight({ name, ...zeros })),
      ],
    }])));
  assertEquals(find(1), []);
  assertMatch(find(2)[0].message, /^a\/query and a\/key are all/);
  assertMatch(find(4)[0].message, /^a\/query and a\/key and 2 more are all/);
});

Deno.test("mutualZeros() states what rules find of these layers alone, and explains their gradients", () => {
  const of = (rule: string, layers: string[], over = {}) =>
    finding(layers[0], { rule, ...layers.length > 1 ? { layers } : {}, ...over });
  const findings = [
    of("gradients-flow", ["query"]),
    of("symmetry", ["query", "key"]),
    of("init-scale", ["key"]),
    of("init-scale", ["key"], { severity: "note" }),
    of("symmetry", ["query", "in"]),
    of("bias-init", ["key"]),
    finding(null, { rule: "gradients-flow" }),
    of("vanishing-gradients", ["query"]),
    of("vanishing-gradients", ["in"]),
  ];
  const [{ states, explains }] = mutualZeros(patientOf(products(), findings));
  assertEquals(states, findings.slice(0, 3));
  assertEquals(findings.map((one) => explains(one)), findings.map((one) => one === findings[7]));
});

/** An embedding, a dense layer, and a normalisation of which half of the rows do not vary. */
function normalized(
  { share = 0.5, table = true, bias = 0, inputs = [{ name: "ids", constantRows: 0.25 }] }: {
    share?: number;
    table?: boolean;
    bias?: number | null;
    inputs?: Partial<InputMeasurements>[];
  } = {},
) {
  const biases = bias === null
    ? []
    : [makeWeight({ name: "d/bias", shape: [20], values: flat(bias, 20) })];
  const measurements = makeMeasurements([
    {
      name: "table",
      className: table ? "Embedding" : "Dense",
      kind: table ? "embedding" : "dense",
      reads: ["ids"],
      weights: [makeWeight({ name: "table/embeddings", values: { ...flat(0.5, 400), std: 0.5 } })],
    },
    { name: "d", weights: [makeWeight({ name: "d/kernel" }), ...biases] },
    {
      name: "norm",
      className: "LayerNormalization",
      kind: "normalization",
      activation: null,
      weights: [],
      depth: 2,
      settings: { epsilon: 1e-6 },
      flatRows: share,
    } as Partial<LayerMeasurements>,
  ]);
  const [input] = measurements.batch.perInput;
  const perInput = inputs.map((over) => ({ ...input, ...over }));
  return { ...measurements, batch: { ...measurements.batch, perInput } };
}

const rows = (given: Parameters<typeof normalized>[0]) => flatRows(patientOf(normalized(given)));

Deno.test("flatRows() names an input with such rows, and draws the biases of 0 behind it", () => {
  const [{ message, fixes, explains }] = rows({});
  assertMatch(
    message,
    /^50 % of the rows that norm normalises do not vary, as 25 % of those of the input "ids" are one number throughout: norm multiplies the gradient of such a row by up to 1000\.$/,
  );
  assertEquals(fixes.map(({ kind }) => kind), ["redraw", "rebuild"]);
  assertEquals(fixes[0], {
    kind: "redraw",
    initializer: "randomNormal",
    weights: [{ layer: "d", weight: "d/bias", std: 0.05 }],
  });
  for (const bias of [0.1, null]) {
    assertEquals(rows({ bias })[0].fixes.map(({ kind }) => kind), ["rebuild"]);
  }
  const flow = finding("d", { rule: "gradients-flow" });
  assertEquals([explains(flow), rows({ share: 1 })[0].explains(flow)], [false, true]);
  assertEquals(explains(finding("d", { rule: "gradient-ratio" })), true);
});

Deno.test("flatRows() names a table that looks up such rows if no input has them", () => {
  for (
    const input of [
      { name: "other", constantRows: 0.25 },
      { name: "ids", constantRows: 0 },
      { name: "ids", constantRows: undefined },
    ]
  ) {
    const [{ layers, message, fixes }] = rows({ inputs: [input] });
    assertEquals(layers, ["table"]);
    assertMatch(message, /vary: table looks up rows that hardly vary, as zeros for padding:/);
    assertEquals(fixes[0], {
      kind: "redraw",
      initializer: "randomNormal",
      weights: [{ layer: "table", weight: "table/embeddings", std: 1 }],
    });
  }
  const [{ layers, message }] = rows({ inputs: [{ name: "other" }], table: false });
  assertEquals(layers, []);
  assertMatch(message, /do not vary: norm multiplies/);
  assertEquals(rows({ share: 0 }), []);
  const untold = normalized({ inputs: [{ name: "other" }] });
  untold.layers[0].weights = [];
  assertEquals(flatRows(patientOf(untold))[0].layers, []);
});

Deno.test("cutGradient() is the only cause where a layer behind the head sends no gradient on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernel = (seed: number) => ({
    kernelInitializer: tf.initializers.heNormal({ seed }),
  });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 16,
        activation: "relu",
        inputShape: [20],
        name: "first",
        ...kernel(1),
      }),
      tf.layers.dense({
        units: 1,
        name: "second",
        biasInitializer: tf.initializers.constant({ value: -50 }),
        ...kernel(2),
      }),
      customLayer(tf, "clip", (x) => tf.clipByValue(x, 0, 1)) as never,
    ],
  });
  const { diagnosis: { causes } } = await examine(model, sums(tf), {
    objective: "meanSquaredError",
  });
  const errors = causes.filter(({ severity }) => severity === "error");
  assertEquals(errors.map(({ kind, layers }) => [kind, ...layers]), [["cut-gradient", "clip"]]);
  assertStringIncludes(errors[0].message, "first, second before it get exactly 0");
});

for (const isFrozen of [false, true]) {
  Deno.test(`cutGradient() ${isFrozen ? "does not mind" : "finds"} a cut before ${isFrozen ? "frozen" : "trained"} layers`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const dense = (name: string, units: number, trainable = true) =>
      tf.layers.dense({
        name,
        units,
        trainable,
        kernelInitializer: tf.initializers.leCunNormal({ seed: units }),
      });
    const input = tf.input({ shape: [20] });
    const own = dense("own", 8).apply(input);
    const target = dense("target", 8, !isFrozen).apply(input);
    const cut = customLayer(tf, "cut", (x) => tf.round(tf.mul(x, 8))) as never as typeof tf.layers;
    const held = (cut as never as { apply(x: unknown): unknown }).apply(target);
    const sum = tf.layers.add().apply([own, held] as never);
    const model = tf.model({
      inputs: input,
      outputs: dense("head", 1).apply(sum as never) as never,
    });
    const { diagnosis: { causes } } = await examine(model, sums(tf), {
      objective: "meanSquaredError",
      trial: "off",
    });
    const errors = causes.filter(({ severity }) => severity === "error").map(({ kind }) => kind);
    assertEquals(errors, isFrozen ? [] : ["cut-gradient"]);
  });
}

Deno.test("mutualZeros() names tables of zeros whose rows are flattened and multiplied, and their fix works", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const rows = (inputDim: number) => {
    const input = tf.input({ shape: [1], dtype: "int32" });
    const embedding = tf.layers.embedding({
      inputDim,
      outputDim: 8,
      embeddingsInitializer: "zeros",
      name: `table_${inputDim}`,
    });
    return { input, row: tf.layers.flatten().apply(embedding.apply(input)) as typeof input };
  };
  const users = rows(30);
  const items = rows(20);
  const model = tf.model({
    inputs: [users.input, items.input],
    outputs: tf.layers.dot({ axes: 1 }).apply([users.row, items.row]) as typeof users.input,
  });
  const indices = (count: number) =>
    tf.tensor2d(Array.from({ length: 32 }, (_, i) => [7 * i % count]), [32, 1], "int32");
  const batch = {
    inputs: [indices(30), indices(20)],
    targets: tf.randomNormal([32, 1], 0, 1, "float32", 1),
  };
  const { diagnosis: { causes }, fixedTrial } = await examine(model, batch as never, {
    objective: "meanSquaredError",
  });
  const [{ kind, layers, message, tried }] = causes;
  assertEquals([kind, layers.toSorted()], ["mutual-zeros", ["table_20", "table_30"]]);
  assertStringIncludes(message, "each keeps the gradient from the other");
  assertEquals(tried?.worked, true);
  assertEquals(fixedTrial !== null && "verdict" in fixedTrial && fixedTrial.verdict, "learns");
});
