import { assertEquals } from "@std/assert";
import {
  type Cell,
  type CellState,
  type CellStep,
  recurrentRule,
  WALKS,
} from "../../../src/ground/theory/recurrent_rule.ts";
import type { NetworkNode } from "../../../src/ground/theory/signal.ts";
import {
  assertFigures,
  assertNear,
  makeContext,
  makeGradient,
  makeNode,
  makeSignal,
} from "./rule_kit.ts";

const context = makeContext();
const input = makeSignal({ aligned: 0.1 });
const STEPS = 3;

/** A layer of 5 units over 3 steps of 4 features, which puts out the last step or all. */
function layer(operation: NetworkNode["operation"], given: Partial<NetworkNode> = {}): NetworkNode {
  return makeNode({
    kind: "recurrent",
    operation,
    recurrent: { steps: STEPS, activation: "tanh", gate: "sigmoid" },
    weights: [
      { name: "layer/kernel", shape: [4, 20], mean: 0, meanSquare: 0.3 },
      { name: "layer/recurrent_kernel", shape: [5, 20], mean: 0, meanSquare: 0.16 },
      { name: "layer/bias", shape: [20], mean: 0.25, meanSquare: 0.2 },
    ],
    inner: 44,
    ...given,
  });
}

const all = { shape: [6, 3, 5], entries: 90 };

/** The cell of the weights above. */
const CELL: Cell = {
  input: 1.2,
  state: 0.8,
  bias: { variance: 0.2 - 0.0625, mean: 0.25, forget: 0.25 },
  activation: "tanh",
  gate: "sigmoid",
};

const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The steps of a cell from nothing on. */
function walk(operation: "simple" | "gated" | "memory", cell = CELL): CellStep[] {
  let state: CellState = { square: 0, mean: 0, inner: 0, innerMean: 0, shared: 0 };
  return Array.from({ length: STEPS }, () => {
    const step = WALKS[operation]!.forward(cell, input, state)!;
    state = step.state;
    return step;
  });
}

Deno.test("recurrentRule follows a cell from nothing over its steps, and shows the last or all", () => {
  for (
    const [operation, remembers] of [["simple", 0.3], ["gated", 0.5], ["memory", 0.7]] as const
  ) {
    const taken = walk(operation);
    for (const isWhole of [false, true]) {
      const { z, a } = recurrentRule(layer(operation, isWhole ? all : {}), [input], context)!;
      const shown = isWhole ? taken : taken.slice(2);
      const share = 1.1 / 2.3;
      const signal = (meanSquare: number, mean: number, entries: number) => ({
        meanSquare,
        mean,
        alike: mean ** 2 + share * (meanSquare - mean ** 2),
        near: mean ** 2 + remembers * (meanSquare - mean ** 2),
        entries,
        spread: 0.3 + 0.02 + 3 / 5,
        aligned: share ** 2,
        vague: true,
      });
      const [square, mean] = (["square", "mean"] as const).map((key) =>
        average(shown.map(({ state }) => state[key]))
      );
      assertFigures(a, signal(square, mean, isWhole ? 90 : 30), 1e-9, operation);
      const ofGates = taken.map(({ gates }) => average(gates.map(({ square }) => square)));
      assertFigures(z!, signal(average(ofGates), 0.25, 44), 1e-9, operation);
    }
  }
});

Deno.test("recurrentRule goes back through the steps, from the last or from all", () => {
  for (const operation of ["simple", "gated", "memory"] as const) {
    const [first, second, third] = walk(operation);
    for (const isWhole of [false, true]) {
      const { back, backFromDelta } = recurrentRule(
        layer(operation, isWhole ? all : {}),
        [input],
        context,
      )!;
      // 7 comes in at the last step, or a third of it at each.
      const arrives = isWhole ? [7 / 3, 7 / 3, 7 / 3] : [0, 0, 7];
      const down = WALKS[operation]!.backward;
      const c = down(CELL, third, { hidden: arrives[2], inner: 0 });
      const b = down(CELL, second, { hidden: arrives[1] + c.hidden, inner: c.inner });
      const a = down(CELL, first, { hidden: arrives[0] + b.hidden, inner: b.inner });
      const square = a.square + b.square + c.square;
      const { delta, inputs } = back(makeGradient());
      const expected = {
        square,
        alike: square * 1.3 / 7,
        near: 0,
        along: 0,
        spread: 0.17 + 0.02 * 3 + 5 / 5,
        aligned: 0.23,
      };
      assertFigures(delta!, expected, 1e-9, operation);
      assertEquals(inputs, backFromDelta!(delta!));
      assertFigures(backFromDelta!(makeGradient())[0], {
        ...makeGradient(),
        square: 7 * 1.2,
        alike: 1.3 * 1.2,
        near: 2.9 * 1.2,
        along: 0,
      });
    }
  }
  const { back } = recurrentRule(layer("simple"), [input], context)!;
  assertEquals(back(makeGradient({ square: 0, alike: 0 })).delta!.alike, 0);
  // Beyond 20 steps the doubt of a gradient grows no more.
  for (const [steps, counted] of [[20, 20], [21, 20]]) {
    const recurrent = { steps, activation: "tanh", gate: null };
    const { delta } = recurrentRule(layer("simple", { recurrent }), [input], context)!
      .back(makeGradient());
    assertNear(delta!.spread, 0.17 + 0.02 * counted + 1);
  }
});

Deno.test("recurrentRule takes a layer for a whole sequence by its entries in all of its calls", () => {
  const shownBy = (given: Partial<NetworkNode>) => {
    const { a } = recurrentRule(layer("simple", given), [input], context)!;
    const [last, whole] = [walk("simple").slice(2), walk("simple")].map((steps) =>
      average(steps.map(({ state }) => state.square))
    );
    return Math.abs(a.meanSquare - whole) < 1e-9
      ? "all"
      : Math.abs(a.meanSquare - last) < 1e-9
      ? "last"
      : "";
  };
  assertEquals(shownBy({ entries: 89 }), "last");
  assertEquals(shownBy({ entries: 90 }), "all");
  assertEquals(shownBy({ entries: 90, calls: 2 }), "last");
  assertEquals(shownBy({ entries: 180, calls: 2 }), "all");
});

Deno.test("recurrentRule knows an LSTM that starts to forget by its biases, and no other cell", () => {
  const biased = (mean: number, meanSquare: number): NetworkNode["weights"] => [
    ...layer("memory").weights.slice(0, 2),
    { name: "layer/bias", shape: [20], mean, meanSquare },
  ];
  const states = (operation: "gated" | "memory", cell: Cell) =>
    walk(operation, cell)[2].state.square;
  const found = (operation: "gated" | "memory", weights: NetworkNode["weights"]) =>
    recurrentRule(layer(operation, { weights }), [input], context)!.a.meanSquare;
  const ready = { ...CELL, bias: { variance: 0, mean: 0, forget: 1 } };
  const drawn = (mean: number, meanSquare: number): Cell => ({
    ...CELL,
    bias: { variance: meanSquare - mean ** 2, mean, forget: mean },
  });
  const off = 1.1e-5;
  const on = 0.9e-5;
  for (const [mean, square] of [[0.25, 0.25], [0.25 + on, 0.25], [0.25, 0.25 - on]]) {
    assertNear(found("memory", biased(mean, square)), states("memory", ready), 1e-12);
  }
  for (const [mean, square] of [[0.25 + off, 0.25], [0.25, 0.25 - off], [0.25, 0.3], [0.2, 0.25]]) {
    assertNear(found("memory", biased(mean, square)), states("memory", drawn(mean, square)));
  }
  assertNear(found("gated", biased(0.25, 0.25)), states("gated", drawn(0.25, 0.25)));
  // No biases are biases of 0.
  assertNear(found("gated", biased(0, 0).slice(0, 2)), states("gated", drawn(0, 0)));
});

Deno.test("recurrentRule takes what is wholly alike for that, and nothing for nothing", () => {
  const of = (given: Parameters<typeof makeSignal>[0]) =>
    recurrentRule(layer("simple"), [makeSignal(given)], context)!.a;
  assertNear(of({ alike: 2.3 }).alike, of({}).meanSquare);
  assertNear(of({ alike: 2.3 }).aligned, 1);
  const apart = of({ alike: -1, aligned: 0 });
  assertNear(apart.alike, apart.mean ** 2);
  assertEquals(apart.aligned, 0);
  assertNear(of({ meanSquare: 0.5, alike: 0.3, near: 0.4, aligned: 0.1 }).aligned, 0.6 ** 2);
  const none = of({ meanSquare: 0, alike: 0, near: 0 });
  assertNear(none.alike, none.mean ** 2);
});

Deno.test("recurrentRule gives up without kernels of two axes, steps or a cell that it knows", () => {
  const of = (given: Partial<NetworkNode>, inputs = [input]) =>
    recurrentRule(layer("simple", given), inputs, context);
  const [kernel, state, bias] = layer("simple").weights;
  assertEquals(of({ weights: [state, bias] }), null);
  assertEquals(of({ weights: [kernel, bias] }), null);
  assertEquals(of({ weights: [{ ...kernel, shape: [3, 4, 20] }, state] }), null);
  assertEquals(of({ weights: [kernel, { ...state, shape: [20] }] }), null);
  assertEquals(of({ recurrent: undefined }), null);
  assertEquals(of({ operation: null }), null);
  assertEquals(of({ operation: "mean" }), null);
  assertEquals(of({}, [input, input]), null);
  assertEquals(of({ recurrent: { steps: 2, activation: "softmax", gate: null } }), null);
});
