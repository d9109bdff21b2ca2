import { assertEquals } from "@std/assert";
import { activate } from "../../../src/ground/theory/activation_moments.ts";
import {
  activationRule,
  customRule,
  embeddingRule,
  passingRule,
  rescalingRule,
  selectingRule,
} from "../../../src/ground/theory/passing_rules.ts";
import type { NetworkNode, Signal } from "../../../src/ground/theory/signal.ts";
import { normals } from "../../networks/dense_network.ts";
import {
  assertFigures,
  assertNear,
  makeContext,
  makeGradient,
  makeNode,
  makeSignal,
  meanOfDraws,
} from "./rule_kit.ts";

const context = makeContext();
const input = makeSignal();

/** The mean square of a signal through relu. */
const reluOf = (signal: Signal) => activate("relu", signal, 5, 6)!.a.meanSquare;

Deno.test("activationRule applies an activation to z as it is settled, and hands delta down", () => {
  const settled = makeSignal({ meanSquare: 3.1 });
  const node = makeNode({ kind: "activation", activation: "tanh" });
  const step = activationRule(node, [input], makeContext([[6, 5]], () => settled))!;
  const expected = activate("tanh", settled, 5, 6)!;
  assertEquals([step.z, step.a], [settled, expected.a]);
  const delta = expected.back(makeGradient());
  assertEquals(step.back(makeGradient()), { delta, inputs: [delta] });
  assertEquals(step.backFromDelta!(delta), [delta]);
  assertEquals(activationRule({ ...node, activation: "softmax" }, [input], context), null);
  assertEquals(activationRule({ ...node, activation: null }, [input], context), null);
  assertEquals(activationRule(node, [], context), null);
});

Deno.test("activationRule takes a prelu of one slope for a leaky relu of that slope", () => {
  const prelu = (variance: number) =>
    makeNode({
      kind: "activation",
      activation: "prelu",
      weights: [{ name: "alpha", shape: [5], mean: 0.2, meanSquare: 0.04 + variance }],
    });
  const expected = activate("leakyRelu(0.2)", input, 5, 6)!.a;
  for (const variance of [0, 0.9e-6]) {
    assertEquals(activationRule(prelu(variance), [input], context)!.a, expected);
  }
  const flat = prelu(0);
  Object.assign(flat.weights[0], { mean: 0, meanSquare: 1e-6 });
  assertNear(activationRule(flat, [input], context)!.a.meanSquare, reluOf(input));
  // Several slopes have no curve; the alpha of a relu does not change its slope.
  assertEquals(activationRule(prelu(1.1e-6), [input], context), null);
  const relu = { ...prelu(0), activation: "relu" };
  assertEquals(activationRule(relu, [input], context)!.a, activate("relu", input, 5, 6)!.a);
});

Deno.test("passingRule passes all on, and forgets neighbours where positions become units", () => {
  const node = makeNode({ kind: "passesOn", shape: [6, 20], entries: 44 });
  const flattened = passingRule(node, [input], makeContext([[6, 4, 5]]))!;
  assertFigures(flattened.a, { ...input, entries: 44 });
  const gradient = makeGradient();
  assertEquals(flattened.back(gradient), { delta: null, inputs: [{ ...gradient, near: 1.3 }] });
  const kept = passingRule(node, [input], makeContext([[6, 20]]))!;
  assertEquals(kept.back(gradient).inputs, [gradient]);
  assertEquals(passingRule(node, [input, input], context), null);
});

/** A layer that makes `entries` of 30. */
const selecting = (operation: NetworkNode["operation"], entries: number) =>
  makeNode({ kind: "resamples", operation, entries });

Deno.test("selectingRule pads with zeros, which are entries as well", () => {
  const { a, back } = selectingRule(selecting("pad", 50), [input], context)!;
  assertFigures(a, {
    ...input,
    meanSquare: 2.3 * 0.6,
    mean: 0.7 * 0.6,
    alike: 1.1 * 0.6,
    near: 1.6 * 0.6,
    entries: 50,
  });
  // Delta reaches the entries that are not zeros.
  assertFigures(back(makeGradient()).inputs![0], {
    square: 7 * 0.6,
    alike: 1.3 * 0.6,
    near: 2.9 * 0.6,
    along: 0,
    spread: 0.17,
    aligned: 0.23,
  });
});

Deno.test("selectingRule copies and repeats, and a drawn gradient is gathered as it says", () => {
  const copied = selectingRule(selecting("copy", 90), [input], context)!;
  assertFigures(copied.a, { ...input, entries: 90 });
  const repeated = selectingRule(selecting("repeat", 90), [input], context)!;
  assertFigures(repeated.a, { ...input, near: 2.3, entries: 90 });
  const normal = normals(2);
  // Three copies of an entry: what neighbours share of 7 is 2.9, each per entry.
  const drawn = meanOfDraws(1e5, () => {
    const shared = Math.sqrt(2.9) * normal();
    const own = () => shared + Math.sqrt(7 - 2.9) * normal();
    return { square: (own() + own() + own()) ** 2 / 3, shared: (3 * shared) ** 2 / 3 };
  });
  for (const { back } of [copied, repeated]) {
    const [sent] = back(makeGradient({ chosen: 0.5 })).inputs!;
    assertNear(sent.square, drawn.square, 0.02);
    assertNear(sent.near, drawn.shared, 0.02);
    assertFigures(sent, {
      square: 7 + 2 * 2.9,
      alike: 1.3 * 3,
      near: 2.9 * 3,
      along: 0,
      spread: 0.17,
      aligned: 0.23,
    });
  }
});

Deno.test("selectingRule crops where the shape is known and nothing is added, and knows nothing else", () => {
  const { a, back } = selectingRule(selecting("crop", 12), [input], context)!;
  assertEquals(a, { ...input, entries: 12 });
  const gradient = makeGradient();
  assertEquals(back(gradient), { delta: null, inputs: [gradient] });
  assertEquals(selectingRule(selecting("crop", 30), [input], context)!.a.entries, 30);
  assertEquals(selectingRule(selecting("crop", 31), [input], context), null);
  assertEquals(selectingRule(selecting("crop", 12), [input], makeContext([null])), null);
  assertEquals(selectingRule(selecting(null, 30), [input], context), null);
  assertEquals(selectingRule(selecting("pad", 50), [], context), null);
});

Deno.test("rescalingRule makes of entries what drawn ones become", () => {
  const normal = normals(8);
  const rescaling = { scale: -1.5, offset: 0.8 };
  const drawn = meanOfDraws(1e5, () => {
    const shared = 0.7 + Math.sqrt(1.1 - 0.49) * normal();
    const own = () => -1.5 * (shared + Math.sqrt(2.3 - 1.1) * normal()) + 0.8;
    const one = own();
    const other = own();
    return { meanSquare: one ** 2, mean: one, alike: one * other };
  });
  const step = rescalingRule(makeNode({ rescaling }), [input], context)!;
  const { meanSquare, mean, alike } = step.a;
  assertFigures({ meanSquare, mean, alike }, drawn, 0.03);
  const moved = (moment: number) => 2.25 * moment - 2.4 * 0.7 + 0.64;
  assertFigures(step.a, {
    ...input,
    meanSquare: moved(2.3),
    mean: -0.25,
    alike: moved(1.1),
    near: moved(1.6),
  });
  assertNear(step.back(makeGradient()).inputs![0].square, 7 * 2.25);
  assertEquals(rescalingRule(makeNode(), [input], context), null);
  assertEquals(rescalingRule(makeNode({ rescaling }), [], context), null);
});

Deno.test("embeddingRule looks up rows of which two examples share one in as many as there are", () => {
  const table = (rows: number, mean = 0.3) =>
    makeNode({
      kind: "embedding",
      weights: [{ name: "embeddings", shape: [rows, 4], meanSquare: 0.5, mean }],
      entries: 48,
    });
  const { a, z, back, backFromDelta } = embeddingRule(table(10), [], context)!;
  const alike = 0.9 * 0.09 + 0.1 * 0.5;
  const expected = {
    meanSquare: 0.5,
    mean: 0.3,
    alike,
    near: alike,
    entries: 48,
    spread: 2 / 4 / 10,
    aligned: 1 / 4,
    vague: false,
  };
  assertFigures(a, expected);
  assertEquals(z, a);
  // More rows than tokens; and rows of which all are nearly one.
  assertNear(embeddingRule(table(30), [], context)!.a.spread, 2 / 4 / 12);
  const few = embeddingRule(table(1, 0.6), [], context)!.a;
  assertFigures(few, { ...expected, mean: 0.6, alike: 0.5, near: 0.5, spread: 1 / 2, aligned: 1 });
  assertNear(embeddingRule(table(2, 0.6), [], context)!.a.aligned, (0.43 / 0.5) ** 2);
  const gradient = makeGradient();
  assertEquals(back(gradient), { delta: gradient, inputs: [] });
  assertEquals(backFromDelta!(gradient), []);
  const zeros = table(10, 0);
  zeros.weights[0].meanSquare = 0;
  assertEquals(embeddingRule(zeros, [], context)!.a.aligned, 1);
  // No token at all.
  assertNear(embeddingRule({ ...table(10), entries: 0 }, [], context)!.a.spread, 1 / 2);
  assertEquals(embeddingRule(makeNode(), [], context), null);
  const weights = [{ name: "embeddings", shape: [2, 3, 4], meanSquare: 1, mean: 0 }];
  assertEquals(embeddingRule(makeNode({ weights }), [], context), null);
});

Deno.test("customRule grows with its first input from what its class declared", () => {
  const declared = {
    output: { meanSquare: 3, mean: 0.4 },
    gradients: [2, 0.5],
    input: 0.92,
  };
  const node = makeNode({ kind: "opaque", declared });
  const { a, z, back } = customRule(node, [input, makeSignal({ meanSquare: 99 })], context)!;
  // The input is 2.5 times what the class was asked with.
  assertFigures(a, {
    meanSquare: 3 * 2.5,
    mean: 0.4 * Math.sqrt(2.5),
    alike: 0.16 * 2.5,
    near: (3 + 0.16) * 2.5 / 2,
    entries: 30,
    spread: 0.3 + 0.5,
    aligned: 0.31,
    vague: true,
  });
  assertEquals(z, null);
  const sent = back(makeGradient());
  assertEquals(sent.delta, null);
  assertEquals(sent.inputs!.map(({ square }) => square), [14, 3.5]);
  assertNear(sent.inputs![0].spread, 0.17 + 0.5);
  const silent = makeNode({ declared: { ...declared, gradients: null } });
  assertEquals(customRule(silent, [input], context)!.back(makeGradient()).inputs, null);
  assertEquals(
    customRule(makeNode({ declared: { ...declared, input: 0 } }), [input], context),
    null,
  );
});
