import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  constantWeights,
  embeddings,
} from "../../../../src/core/diagnosis/causes/constant_weights.ts";
import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../../../src/core/measure/measurements.ts";
import { flat, makeHead, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

/** An embedding of 50 rows of 16 entries with this deviation. */
function embedding(std: number, over: Partial<WeightMeasurements> = {}): LayerMeasurements {
  const shape = [50, 16];
  const values = { ...flat(std, 800), std };
  const weight = makeWeight({ name: "table/embeddings", shape, values, ...over });
  const made = makeMeasurements([{ name: "table", className: "Embedding", weights: [weight] }]);
  return made.layers[0];
}

const found = (...layers: LayerMeasurements[]) => embeddings(patientOf(makeMeasurements(layers)));
const kinds = (...layers: LayerMeasurements[]) => found(...layers).map(({ kind }) => kind);

Deno.test("embeddings() names tables drawn with a deviation of more than 3, and draws them as usual", () => {
  assertEquals(kinds(embedding(3)), []);
  const [{ layers, message, fixes: [fix] }] = found(embedding(3.1));
  assertEquals(layers, ["table"]);
  assertMatch(message, /standard deviation of 3.1; expected at most 1/);
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  assertAlmostEquals(fix.weights[0].factor, 0.05 / Math.sqrt(3) / 3.1);
});

Deno.test("embeddings() names tables of zeros that get a gradient", () => {
  const [{ kind, fixes: [fix] }] = found(embedding(0));
  assertEquals(kind, "embedding-zeros");
  if (fix.kind !== "redraw") throw new Error(fix.kind);
  assertAlmostEquals(fix.weights[0].std, 0.05 / Math.sqrt(3));
  assertEquals(kinds(embedding(0, { gradients: flat(0, 800) })), []);
  assertEquals(kinds(embedding(0, { gradients: null })), []);
  assertEquals(kinds(embedding(0.1)), []);
});

Deno.test("embeddings() states what the rule of scales finds of the table, and explains the signal", () => {
  const findings = ["table", "dense_1"].map((layer) => finding(layer, { rule: "init-scale" }));
  const patient = patientOf(makeMeasurements([embedding(9), {}]), findings);
  const [{ states, explains }] = embeddings(patient);
  assertEquals(states, findings.slice(0, 1));
  assertEquals(explains(finding(null, { rule: "initial-loss" })), true);
  assertEquals(explains(finding(null, { rule: "symmetry" })), false);
  assertEquals(embeddings(patientOf(makeMeasurements([{}]), findings)), []);
});

/** A custom head that outputs a product with each row of a table. */
const logits = (rms: number, over: Partial<LayerMeasurements> = {}) =>
  makeHead({
    name: "logits",
    kind: "opaque",
    shape: [32, 50],
    activations: { ...flat(rms, 1600), rms },
    weights: [],
    ...over,
  });

Deno.test("embeddings() names a table whose rows also make logits of an rms above 3", () => {
  const [{ kind, layers, message, fixes: [fix] }] = found(embedding(2), logits(3.1));
  assertEquals([kind, layers], ["tied-embedding", ["table", "logits"]]);
  assertMatch(message, /deviation of 2 its rows of 16 entries give logits of rms 3\.1/);
  if (fix.kind !== "rescale") throw new Error(fix.kind);
  assertEquals(fix.weights[0].factor, 0.125);
  assertEquals(kinds(embedding(1), logits(3)), []);
  // The products with rows of such a length are what is large.
  assertEquals(kinds(embedding(0.75), logits(9)), []);
  assertEquals(kinds(embedding(0.76), logits(9)), ["tied-embedding"]);
});

Deno.test("embeddings() takes only custom heads without a kernel and with an output per row for tied", () => {
  const others: Partial<LayerMeasurements>[] = [
    { role: "hidden" },
    { kind: "merge" },
    { shape: [32, 49] },
    { shape: null },
    { weights: [makeWeight()] },
    { activations: null },
  ];
  for (const over of others) assertEquals(kinds(embedding(1), logits(9, over)), []);
});

const constant = (value: number, over: Partial<WeightMeasurements> = {}) => ({
  values: { ...flat(value, 400), mean: value, std: 0 },
  ...over,
});

/** The suspect of a rule that finds units alike in these layers. */
function alike(
  layers: Partial<LayerMeasurements>[],
  given: Partial<Measurements> = {},
  names = layers.map(({ name }, i) => name ?? `dense_${i + 1}`),
) {
  const findings = names.map((name) => finding(name, { rule: "symmetry", kind: "units" }));
  return constantWeights(patientOf(makeMeasurements(layers, given), findings));
}

const kernel = (name: string, over: Partial<WeightMeasurements> = {}) =>
  makeWeight({ name: `${name}/kernel`, ...over });

Deno.test("constantWeights() says whether entries are 0, one number, or only units alike", () => {
  const said = (...weights: Partial<WeightMeasurements>[]) =>
    alike(weights.map((over, i) => ({ weights: [kernel(`dense_${i + 1}`, over)] })))[0].message;
  assertMatch(said(constant(0)), /^All entries of the kernel of dense_1 are 0, so no signal/);
  assertMatch(
    said(constant(0.5)),
    /^All entries of the kernel of dense_1 are equal \(0\.5\), so all units/,
  );
  assertMatch(
    said(constant(0), constant(0.5)),
    /^All entries of the kernels of dense_1, dense_2 are equal/,
  );
  assertMatch(
    said({ duplicateUnits: 1 }),
    /^Units of dense_1 have exactly the same weights, so they learn the same/,
  );
  assertMatch(
    said(constant(0.5), { duplicateUnits: 1 }),
    /^Units of dense_1, dense_2 have exactly/,
  );
  // Only some units of zeros, or those of whole numbers, are found by the rule alone.
  assertMatch(said({ duplicateUnits: 0 }), /^Units of dense_1 have only zeros, or the same/);
  assertMatch(said({ duplicateUnits: null }), /^Units of dense_1 have only zeros, or the same/);
});

Deno.test("constantWeights() calls kernels of embeddings alone tables", () => {
  const table = embedding(0);
  assertMatch(alike([table])[0].message, /^All entries of the table of table are 0/);
  assertMatch(
    alike([table, { weights: [kernel("dense_2", constant(0))] }])[0].message,
    /^All entries of the kernels of table, dense_2 are 0/,
  );
});

Deno.test("constantWeights() passes over layers drawn alike, and names those that hold no weights", () => {
  const patient = (kind: string) =>
    patientOf(makeMeasurements([{}]), [finding("dense_1", { rule: "symmetry", kind })]);
  assertEquals(constantWeights(patient("shared-draw")), []);
  assertEquals(constantWeights(patient("units")).length, 1);
  const [{ layers, fixes }] = alike([{}], {}, ["quantised"]);
  assertEquals([layers, fixes], [["quantised"], []]);
});

Deno.test("constantWeights() states scales of 0 of its layers, and explains those of others", () => {
  const zeros = (layer: string | null, measured = 0) =>
    finding(layer, { rule: "init-scale", measured });
  const symmetry = finding("dense_1", { rule: "symmetry", kind: "units" });
  const findings = [symmetry, zeros("dense_1"), zeros("dense_1", 1), zeros("dense_2"), zeros(null)];
  const measurements = makeMeasurements([{ weights: [kernel("dense_1", constant(0))] }, {}]);
  const [{ states, explains }] = constantWeights(patientOf(measurements, findings));
  assertEquals(states, findings.slice(0, 2));
  assertEquals(findings.map((one) => explains(one)), [false, true, false, true, true]);
  assertEquals(explains(finding("dense_2", { rule: "vanishing-gradients" })), true);
  assertEquals(explains(finding("dense_2", { rule: "bias-init", measured: 0 })), false);
});

/** Kernels that a fix draws: layer, initialiser and deviation. */
function drawn(layers: Partial<LayerMeasurements>[], given: Partial<Measurements> = {}) {
  const [{ fixes: [fix] }] = alike(layers, given);
  if (fix.kind !== "redraw") throw new Error(fix.kind);
  return [
    fix.initializer,
    ...fix.weights.map(({ layer, initializer, std }) =>
      [layer, initializer ?? "", std.toFixed(3)].filter((part) => part !== "").join(" ")
    ),
  ];
}

Deno.test("constantWeights() draws kernels by the initialiser that suits most, and others by their own", () => {
  const zeros = (name: string, activation: string, over: Partial<LayerMeasurements> = {}) => ({
    name,
    activation,
    weights: [
      kernel(name, constant(0)),
      makeWeight({ name: `${name}/bias`, shape: [20], ...constant(0) }),
    ],
    ...over,
  });
  const relu = [zeros("a", "relu"), zeros("b", "tanh"), zeros("c", "relu")];
  assertEquals(drawn(relu), ["heUniform", "a 0.316", "b leCunUniform 0.224", "c 0.316"]);
  assertEquals(drawn([zeros("b", "tanh"), zeros("d", "tanh"), zeros("a", "relu")]), [
    "leCunUniform",
    "b 0.224",
    "d 0.224",
    "a heUniform 0.316",
  ]);
  // Any suits a head.
  const head = zeros("out", "softmax", { role: "output" });
  assertEquals(drawn([head]), ["leCunUniform", "out 0.224"]);
  assertEquals(drawn([...relu, head]).at(-1), "out 0.316");
  assertEquals(drawn([embedding(0), zeros("a", "relu"), zeros("c", "relu")]), [
    "heUniform",
    "table randomUniform 0.029",
    "a 0.316",
    "c 0.316",
  ]);
  // Weights alone do not show their activation.
  const weightsOnly = { format: "PyTorch" } as never;
  assertEquals(drawn([zeros("b", "tanh")], { weightsOnly }), ["heUniform", "b 0.316"]);
});
