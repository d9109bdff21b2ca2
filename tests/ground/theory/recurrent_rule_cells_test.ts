import { assertEquals } from "@std/assert";
import { type Cell, type CellState, WALKS } from "../../../src/ground/theory/recurrent_rule.ts";
import { normals } from "../../networks/dense_network.ts";
import { assertFigures, assertNear, meanOfDraws, normalMean, normalPairMean } from "./rule_kit.ts";

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** A cell whose gates are not at their middle. */
const CELL: Cell = {
  input: 1.3,
  state: 0.7,
  bias: { variance: 0.2, mean: 0.4, forget: 0.9 },
  activation: "tanh",
  gate: "sigmoid",
};
const BEFORE: CellState = { square: 0.6, mean: 0.5, inner: 1.1, innerMean: 0.7, shared: 0 };
const INPUT = { meanSquare: 1.7, near: 1.2 };
const DRAWS = 1e5;

/** Draws z of a gate: normal, with the variance of its three parts. */
const variance = (state = BEFORE.square) => 1.3 * 1.7 + 0.7 * state + 0.2;

/** Draws a normal of that mean and mean square. */
const drawer = (seed: number) => {
  const normal = normals(seed);
  return (mean: number, spread: number) => mean + Math.sqrt(spread) * normal();
};

/** The slope of f in one of its arguments, by a difference. */
function slope(f: (...values: number[]) => number, values: number[], of: number): number {
  const at = (by: number) => f(...values.map((value, i) => i === of ? value + by : value));
  return (at(1e-4) - at(-1e-4)) / 2e-4;
}

Deno.test("the simple cell is an activation of its input and of its state", () => {
  const step = WALKS.simple!.forward(CELL, INPUT, BEFORE)!;
  const square = normalMean((z) => Math.tanh(z) ** 2, 0.4, variance());
  assertNear(step.state.square, square, 1e-5);
  assertNear(step.state.mean, normalMean(Math.tanh, 0.4, variance()), 1e-5);
  assertNear(step.gates[0].square, variance() + 0.16);
  assertEquals([step.state.inner, step.state.innerMean, step.state.shared], [0, 0, 0]);
  assertEquals([step.gates.length, step.before], [1, BEFORE]);
  const sent = WALKS.simple!.backward(CELL, step, { hidden: 3, inner: 9 });
  const passed = 3 * normalMean((z) => (1 - Math.tanh(z) ** 2) ** 2, 0.4, variance());
  assertFigures(sent, { square: passed, hidden: passed * 0.7, inner: 0 }, 1e-5);
  assertEquals(WALKS.simple!.forward({ ...CELL, activation: "softmax" }, INPUT, BEFORE), null);
});

/** h' = z h + (1 - z) tanh(c). */
const gru = (h: number, z: number, c: number) => sigmoid(z) * h + (1 - sigmoid(z)) * Math.tanh(c);

Deno.test("the gated cell makes of drawn gates and states what its equation makes, and sends back its slopes", () => {
  const draw = drawer(21);
  const gates = normalMean((z) => sigmoid(z) ** 2, 0.4, variance());
  const ofCandidate = variance(gates * BEFORE.square);
  const drawn = meanOfDraws(DRAWS, () => {
    const at = [
      draw(0.5, 0.6 - 0.25),
      draw(0.4, variance()),
      draw(0.4, ofCandidate),
    ];
    const next = gru(...at as [number, number, number]);
    // The reset gate turns h down before the kernel: c goes on as root(0.7) r h.
    const reset = draw(0.4, variance());
    const kept = slope((r) => Math.sqrt(0.7) * sigmoid(r) * at[0], [reset], 0);
    const [byState, byUpdate, byCandidate] = [0, 1, 2].map((of) => slope(gru, at, of) ** 2);
    return {
      square: next ** 2,
      mean: next,
      byState,
      byUpdate,
      byCandidate,
      byReset: byCandidate * kept ** 2,
      through: byCandidate * 0.7 * sigmoid(reset) ** 2,
    };
  });
  const step = WALKS.gated!.forward(CELL, INPUT, BEFORE)!;
  assertNear(step.state.square, drawn.square, 0.015);
  assertNear(step.state.mean, drawn.mean, 0.015);
  assertEquals(step.gates.map(({ square }) => square), [
    step.gates[0].square,
    step.gates[0].square,
    step.gates[2].square,
  ]);
  assertNear(step.gates[0].square, variance() + 0.16);
  assertNear(step.gates[2].square, ofCandidate + 0.16, 1e-5);
  assertEquals([step.state.inner, step.state.innerMean, step.before], [0, 0, BEFORE]);
  const { square, hidden, inner } = WALKS.gated!.backward(CELL, step, { hidden: 3, inner: 9 });
  assertNear(square, 3 * (drawn.byUpdate + drawn.byCandidate + drawn.byReset), 0.02);
  const others = (drawn.byUpdate + drawn.byReset) * 0.7;
  assertNear(hidden, 3 * (drawn.byState + drawn.through + others), 0.02);
  assertEquals(inner, 0);
});

/**
 * Returns the lasting part of an input whose neighbours share 1.2: two candidates that share as
 * much.
 */
const lasting = (state: number, near = 1.2) =>
  normalPairMean(Math.tanh, {
    mean: 0.4,
    variance: variance(state),
    correlation: 1.3 * near / variance(state),
  });

Deno.test("the gated cell keeps a share of what an input leaves in it, step by step", () => {
  const gate = (f: (x: number) => number) => normalMean((z) => f(sigmoid(z)), 0.4, variance());
  const kept = gate((x) => x);
  const before = { ...BEFORE, shared: 0.55 };
  const { state } = WALKS.gated!.forward(CELL, INPUT, before)!;
  const turned = gate((x) => x ** 2) * BEFORE.square;
  assertNear(state.shared, kept * 0.55 + (1 - kept) * lasting(turned), 2e-3);
  // More than the means alone share: it makes the state larger by as much.
  const least = WALKS.gated!.forward(CELL, INPUT, BEFORE)!.state.square;
  const candidate = normalMean(Math.tanh, 0.4, variance(turned));
  const cross = 2 * gate((x) => x - x ** 2);
  assertNear(state.square - least, cross * (0.55 - 0.5 * candidate), 1e-4);
  for (const given of [{ gate: null }, { gate: "softmax" }, { activation: "softmax" }]) {
    assertEquals(WALKS.gated!.forward({ ...CELL, ...given }, INPUT, before), null);
  }
});

/** c' = f c + i g. */
const memory = (c: number, f: number, i: number, g: number) =>
  sigmoid(f) * c + sigmoid(i) * Math.tanh(g);
const output = (o: number, c: number) => sigmoid(o) * Math.tanh(c);

Deno.test("the long cell makes of drawn gates and states what its equations make, and sends back its slopes", () => {
  const draw = drawer(22);
  const step = WALKS.memory!.forward(CELL, INPUT, BEFORE)!;
  const { inner, innerMean } = step.state;
  const drawn = meanOfDraws(DRAWS, () => {
    const at = [
      draw(0.7, 1.1 - 0.49),
      draw(0.9, variance()),
      draw(0.4, variance()),
      draw(0.4, variance()),
    ];
    const next = memory(...at as [number, number, number, number]);
    // The output assumes a normal memory.
    const out = [draw(0.4, variance()), draw(innerMean, inner - innerMean ** 2)];
    const shown = output(...out as [number, number]);
    const [byMemory, ...byGates] = [0, 1, 2, 3].map((of) => slope(memory, at, of) ** 2);
    const [byOutput, byInner] = [0, 1].map((of) => slope(output, out, of) ** 2);
    return {
      inner: next ** 2,
      innerMean: next,
      square: shown ** 2,
      mean: shown,
      byMemory,
      byGates: byGates[0] + byGates[1] + byGates[2],
      byOutput,
      byInner,
    };
  });
  for (const name of ["inner", "innerMean", "square", "mean"] as const) {
    assertNear(step.state[name], drawn[name], 0.015, name);
  }
  const [gate, forget, again, candidate] = step.gates;
  assertNear(gate.square, variance() + 0.16);
  assertNear(forget.square, variance() + 0.81);
  assertEquals([again, step.before, step.gates.length], [gate, BEFORE, 4]);
  assertNear(candidate.square, variance() + 0.16);
  const sent = WALKS.memory!.backward(CELL, step, { hidden: 3, inner: 2 });
  const arrived = 3 * drawn.byInner + 2;
  const square = 3 * drawn.byOutput + arrived * drawn.byGates;
  assertFigures(sent, { square, hidden: square * 0.7, inner: arrived * drawn.byMemory }, 0.02);
});

Deno.test("the long cell adds up what an input leaves in its memory, step by step", () => {
  const mean = (at: number) => normalMean(sigmoid, at, variance());
  const before = { ...BEFORE, shared: 0.8 };
  const { state } = WALKS.memory!.forward(CELL, INPUT, before)!;
  assertNear(state.shared, mean(0.9) * 0.8 + mean(0.4) * lasting(BEFORE.square), 2e-3);
  const least = WALKS.memory!.forward(CELL, INPUT, BEFORE)!.state.inner;
  const candidate = normalMean(Math.tanh, 0.4, variance());
  assertNear(state.inner - least, 2 * mean(0.9) * mean(0.4) * (0.8 - 0.7 * candidate), 1e-4);
  for (const given of [{ gate: null }, { gate: "softmax" }, { activation: "softmax" }]) {
    assertEquals(WALKS.memory!.forward({ ...CELL, ...given }, INPUT, before), null);
  }
  // Nothing lasts of an input and biases of 0, nor is anything put out.
  const still = { ...CELL, bias: { variance: 0, mean: 0, forget: 1 } };
  const zero = { square: 0, mean: 0, inner: 0, innerMean: 0, shared: 0 };
  const silent = WALKS.memory!.forward(still, { meanSquare: 0, near: 0 }, zero)!.state;
  assertEquals(Object.values(silent), [0, 0, 0, 0, 0]);
});

Deno.test("cells remember more the more they gate", () => {
  const { simple, gated, memory } = WALKS;
  assertEquals([simple, gated, memory].map((walk) => walk!.remembers), [0.3, 0.5, 0.7]);
});
