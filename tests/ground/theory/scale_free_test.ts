import { activate } from "../../../src/ground/theory/activation_moments.ts";
import { kernelRule, poolingRule } from "../../../src/ground/theory/window_rules.ts";
import {
  asMeasured,
  type Gradient,
  type LayerRule,
  measuredGradient,
  type NetworkNode,
  ofInput,
  type Signal,
} from "../../../src/ground/theory/signal.ts";
import {
  additionRule,
  concatenationRule,
  mergeRule,
} from "../../../src/ground/theory/merging_rules.ts";
import {
  customRule,
  passingRule,
  rescalingRule,
  selectingRule,
} from "../../../src/ground/theory/passing_rules.ts";
import { assertFigures, makeContext, makeGradient, makeNode, makeSignal } from "./rule_kit.ts";

/** Small enough for any absolute bound within a rule to show. */
const FACTOR = 1e-4;

/** The signal of a network whose input is smaller: its moments shrink, and how well they are known stays. */
function smaller(signal: Signal, factor = FACTOR): Signal {
  const { normal } = signal;
  const root = Math.sqrt(factor);
  return {
    ...signal,
    meanSquare: signal.meanSquare * factor,
    mean: signal.mean * root,
    alike: signal.alike * factor,
    near: signal.near * factor,
    ...normal === undefined ? {} : {
      normal: { ...normal, mean: normal.mean * root, variance: normal.variance * factor },
    },
  };
}

function weaker(gradient: Gradient): Gradient {
  const { square, alike, near, along, through } = gradient;
  return {
    ...gradient,
    square: square * FACTOR,
    alike: alike * FACTOR,
    near: near * FACTOR,
    along: along * FACTOR,
    ...through === undefined ? {} : {
      through: {
        ...through,
        mean: through.mean * Math.sqrt(FACTOR),
        variance: through.variance * FACTOR,
      },
    },
  };
}

const kernel = { name: "layer/kernel", shape: [8, 5], mean: 0, meanSquare: 0.1 };
const window = { size: [3], strides: [2], padding: "same" as const };
const normal = { activation: "relu", mean: 0.3, variance: 1.1, near: 0.4 };
const declared = { output: { meanSquare: 3, mean: 0.4 }, gradients: [2], input: 0.5 };
const two = [makeSignal({ normal }), makeSignal({ meanSquare: 1.4, spread: 0.05 })];

/** Rules of layers that are proportional to what they are fed. */
const PROPORTIONAL: [string, LayerRule, Partial<NetworkNode>, number?][] = [
  ["kernel", kernelRule, { activation: "relu", layout: "ordinary", weights: [kernel] }],
  ["sum", additionRule, {}, 2],
  ["calls", additionRule, { operands: 3 }],
  ["average", mergeRule, { operation: "average" }, 2],
  ["concatenation", concatenationRule, {}, 2],
  ["mean", poolingRule, { operation: "mean", window }],
  ["largest", poolingRule, { operation: "largest", window }],
  ["pass", passingRule, {}],
  ["pad", selectingRule, { operation: "pad", entries: 50 }],
  ["copy", selectingRule, { operation: "copy", entries: 60 }],
  ["repeat", selectingRule, { operation: "repeat", entries: 60 }],
  ["crop", selectingRule, { operation: "crop", entries: 20 }],
  ["rescaling", rescalingRule, { rescaling: { scale: -2, offset: 0 } }],
  ["custom", customRule, { declared }],
];

for (const [name, rule, given, inputs = 1] of PROPORTIONAL) {
  Deno.test(`the rule of ${name} says the same of signals and of gradients at any scale`, () => {
    const node = makeNode(given);
    const context = makeContext([[6, 4, 5]]);
    const whole = two.slice(0, inputs);
    const large = rule(node, whole, context)!;
    const small = rule(node, whole.map((signal) => smaller(signal)), context)!;
    assertFigures(small.a, smaller(large.a), 1e-3, name);
    const through = { activation: "relu", mean: 0.3, variance: 2.9, slopeSquare: 0.6 };
    const gradient = makeGradient({ through });
    const sent = large.back(gradient);
    const less = small.back(weaker(gradient));
    for (const [index, gradient] of sent.inputs!.entries()) {
      assertFigures(less.inputs![index], weaker(gradient), 1e-3, name);
    }
  });
}

Deno.test("activate() says the same of a small z through relu, and of a weak gradient through any", () => {
  const large = activate("relu", makeSignal(), 5, 6)!;
  const small = activate("relu", smaller(makeSignal()), 5, 6)!;
  assertFigures(small.a, smaller(large.a), 1e-3);
  const gradient = makeGradient();
  assertFigures(small.back(weaker(gradient)), {
    ...weaker(large.back(gradient)),
    through: { ...large.back(gradient).through!, ...small.a.normal, near: undefined },
  }, 1e-3);
  // As good as linear.
  const linear = activate("tanh", smaller(makeSignal()), 5, 6)!.a;
  assertFigures({ ...linear, normal: 0 }, {
    ...smaller(makeSignal({ spread: linear.spread, aligned: linear.aligned })),
    normal: 0,
  }, 2e-3);
});

Deno.test("what is measured is taken at any scale", () => {
  const input = { shape: [6, 20], meanSquare: 2.3, mean: 1.4, random: true };
  const less = { ...input, meanSquare: input.meanSquare * FACTOR, mean: 1.4 * Math.sqrt(FACTOR) };
  assertFigures(ofInput(less), smaller(ofInput(input)));
  const node = (factor: number) =>
    makeNode({
      measured: {
        ...makeNode().measured,
        preActivations: { meanSquare: 4.6 * factor, mean: 0.2 * Math.sqrt(factor) },
        activationGradients: { square: 7 * factor, mean: 0.3 * Math.sqrt(factor) },
      },
    });
  assertFigures(
    asMeasured(node(FACTOR), smaller(makeSignal())),
    smaller(asMeasured(node(1), makeSignal())),
  );
  assertFigures(
    measuredGradient(node(FACTOR), "activationGradients")!,
    weaker(measuredGradient(node(1), "activationGradients")!),
  );
});
