import { assertAlmostEquals, assertEquals } from "@std/assert";
import { normalizationRule } from "../../../src/ground/theory/passing_rules.ts";
import type { NetworkNode } from "../../../src/ground/theory/signal.ts";
import { normals } from "../../networks/dense_network.ts";
import { dense, follow, head, node, UNITS } from "../../networks/signal_nodes.ts";
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
const weight = (name: string, mean: number, meanSquare = mean ** 2) => ({
  name: `layer/${name}`,
  shape: [5],
  mean,
  meanSquare,
});
const GAMMA = weight("gamma", 1.4);
const BETA = weight("beta_1", 0.3, 0.2);

const norm = (given: Partial<NetworkNode> = {}) =>
  makeNode({ kind: "normalization", epsilon: 0.1, weights: [GAMMA, BETA], ...given });

Deno.test("normalizationRule makes of entries what drawn ones become under moving statistics", () => {
  const statistics = [weight("moving_mean", 0.6), weight("moving_variance", 1.9)];
  const node = norm({ statistics: "moving", weights: [GAMMA, BETA, ...statistics] });
  const normal = normals(13);
  const gain = 1.4 / Math.sqrt(1.9 + 0.1);
  const drawn = meanOfDraws(1e5, () => {
    const beta = 0.3 + Math.sqrt(0.2 - 0.09) * normal();
    const shared = 0.7 + Math.sqrt(1.1 - 0.49) * normal();
    const own = () => gain * (shared + Math.sqrt(2.3 - 1.1) * normal() - 0.6) + beta;
    const one = own();
    const other = own();
    return { meanSquare: one ** 2, mean: one, alike: one * other };
  });
  const { z, a, back } = normalizationRule(node, [input], context)!;
  const { meanSquare, mean, alike } = a;
  assertFigures({ meanSquare, mean, alike }, drawn, 0.03);
  const moved = (moment: number) =>
    gain ** 2 * (moment - 1.2 * 0.7 + 0.36) + 2 * gain * (0.7 - 0.6) * 0.3 + 0.2;
  assertFigures(a, {
    ...input,
    meanSquare: moved(2.3),
    mean: gain * 0.1 + 0.3,
    alike: moved(1.1),
    near: moved(1.6),
  });
  assertEquals(z, a);
  const gradient = makeGradient();
  const sent = back(gradient);
  assertEquals(sent.delta, gradient);
  assertNear(sent.inputs![0].square, 7 * gain ** 2);
  // Without statistics it takes them for those of a normalised input.
  const bare = normalizationRule(norm({ statistics: "moving", weights: [] }), [input], context)!.a;
  assertNear(bare.meanSquare, 2.3 / 1.1);
  assertNear(bare.mean, 0.7 / Math.sqrt(1.1));
});

Deno.test("normalizationRule takes from a batch what its examples share, forwards and backwards", () => {
  const vague = makeSignal({ vague: true, uneven: 0.11 });
  const { z, a, back } = normalizationRule(norm({ statistics: "batch" }), [vague], context)!;
  const variance = 2.3 - 1.1;
  const factor = 1.96 / (variance + 0.1);
  assertFigures(a, {
    meanSquare: factor * variance + 0.2,
    mean: 0.3,
    alike: 0.2,
    near: factor * (1.6 - 1.1) + 0.2,
    entries: 30,
    spread: 0.3 * (0.1 / 1.3) ** 2,
    aligned: 1 / 5,
    vague: true,
  });
  assertEquals(z, a);
  const gradient = makeGradient({ chosen: 0.5, through: undefined });
  const { delta, inputs } = back(gradient);
  assertEquals(delta, gradient);
  // 1.3 is shared by all, a sixth of 1.6 by chance, and 0.4 goes along with z.
  assertFigures(inputs![0], {
    square: (7 - 1.3 - 1.6 / 6 - 0.4) * factor,
    alike: 0,
    near: (2.9 - 1.3 - 0.4) * factor,
    along: 0,
    spread: 0.17 + 0.3 * (1.2 / 1.3) ** 2 + 0.11 + 0.25,
    aligned: 0.23,
  });
  const [sure] = normalizationRule(norm({ statistics: "batch" }), [input], context)!
    .back(gradient).inputs!;
  assertNear(sure.spread, 0.17 + 0.3 * (1.2 / 1.3) ** 2);
  const [apart] = back(makeGradient({ near: 1.4, along: 0.4 })).inputs!;
  assertEquals(apart.near, 0);
});

Deno.test("normalizationRule takes from an example the mean of its units", () => {
  const { a, back } = normalizationRule(
    norm(),
    [makeSignal({ vague: true, alike: 1.9 })],
    context,
  )!;
  const variance = 2.3 - 0.49;
  const factor = 1.96 / (variance + 0.1);
  const meanSquare = factor * variance + 0.2;
  const alike = factor * (1.9 - 0.49) + 0.2;
  assertFigures(a, {
    meanSquare,
    mean: 0.3,
    alike,
    near: factor * (1.6 - 0.49) + 0.2,
    entries: 30,
    spread: 0.3 * (0.1 / (variance + 0.1)) ** 2,
    aligned: Math.max(1 / 5, (alike / meanSquare) ** 2),
    vague: true,
  });
  assertFigures(back(makeGradient()).inputs![0], {
    square: 7 * factor * 3 / 5,
    alike: 1.3 * factor,
    near: 2.9 * factor,
    along: 0,
    spread: 0.17 + 0.3 * (variance / (variance + 0.1)) ** 2,
    aligned: 0.23,
  });
  // Hardly alike: one unit in five is aligned by chance.
  const apart = makeSignal({ alike: 0.3, mean: 0.7 });
  const bare = normalizationRule(norm({ weights: [] }), [apart], context)!.a;
  assertFigures([bare.alike, bare.mean, bare.aligned], [0, 0, 1 / 5]);
  assertNear(bare.meanSquare, variance / (variance + 0.1));
});

Deno.test("normalizationRule measures what is common by its kind: neighbours and examples are no more than all", () => {
  const alike = makeSignal({ alike: 5, near: 5 });
  const { a } = normalizationRule(norm(), [alike], context)!;
  assertEquals([a.alike, a.near], [a.meanSquare, a.meanSquare]);
  const apart = makeSignal({ near: 0.9 });
  assertNear(normalizationRule(norm({ statistics: "batch" }), [apart], context)!.a.near, 0.2);
});

Deno.test("normalizationRule sends nothing on where a twentieth or less is left of a gradient", () => {
  const left = (share: number) => {
    const gradient = makeGradient({ square: 10, alike: 10 - 10 * share, near: 0, along: 0 });
    return normalizationRule(norm({ statistics: "batch" }), [input], context)!.back(gradient)
      .inputs;
  };
  assertEquals([left(0.049), left(0.05)], [null, null]);
  assertNear(left(0.051)![0].square, 0.51 * 1.96 / 1.3);
  const narrow = norm({ shape: [6, 2] });
  assertEquals(normalizationRule(narrow, [input], context)!.back(makeGradient()).inputs, null);
});

Deno.test("normalizationRule gives up on what does not vary, and adds 0.001 where nothing is told", () => {
  const node = norm({ epsilon: undefined, weights: [] });
  const small = makeSignal({ meanSquare: 0.002, mean: 0, alike: 0, near: 0 });
  assertNear(normalizationRule(node, [small], context)!.a.meanSquare, 2 / 3);
  const still = makeSignal({ meanSquare: 0.25, mean: 0.5, alike: 0.25 });
  assertEquals(normalizationRule(node, [still], context), null);
  assertEquals(normalizationRule({ ...node, statistics: "batch" }, [still], context), null);
  assertEquals(normalizationRule(node, [input, input], context), null);
});

Deno.test("propagate() normalises forwards, and divides by the deviation backwards", () => {
  const norm = (statistics?: "batch") =>
    node("norm", {
      kind: "normalization",
      inputs: ["a"],
      epsilon: 0,
      ...statistics === undefined ? {} : { statistics },
      weights: [
        { name: "norm/gamma", shape: [UNITS], meanSquare: 4, mean: 2 },
        { name: "norm/beta", shape: [UNITS], meanSquare: 0.25, mean: 0.5 },
      ],
    });
  for (const statistics of [undefined, "batch"] as const) {
    const { size, mean, delta } = follow([
      dense("a", ["input"], 3),
      norm(statistics),
      head("norm"),
    ]);
    assertAlmostEquals(size("norm"), 4.25, 1e-9);
    assertAlmostEquals(mean("norm"), 0.5);
    assertAlmostEquals(delta("a"), 4 / 9 * (statistics === undefined ? 1 - 2 / UNITS : 1), 1e-6);
  }
});

Deno.test("propagate() knows that batch normalisation of relus lets gradients grow by 1.21 a layer", () => {
  const nodes: NetworkNode[] = [];
  let last = "input";
  for (let layer = 0; layer < 4; layer++) {
    const [a, b, c] = ["dense", "norm", "relu"].map((name) => `${name} ${layer}`);
    nodes.push(
      dense(a, [last]),
      node(b, { kind: "normalization", inputs: [a], epsilon: 0, statistics: "batch" }),
      node(c, { kind: "activation", activation: "relu", inputs: [b] }),
    );
    last = c;
  }
  const { delta } = follow([...nodes, head(last)]);
  // Yang et al. 2019: pi / (pi - 1), squared.
  assertAlmostEquals(delta("dense 1") / delta("dense 2"), Math.PI / (Math.PI - 1), 2e-3);
});

/** The input has a mean: z = W x + b with biases of 2. */
const before = () => ({
  ...dense("a", ["input"]),
  weights: [
    ...dense("a", ["input"]).weights,
    { name: "a/bias", shape: [UNITS], meanSquare: 4, mean: 2 },
  ],
});

Deno.test("propagate() divides by the root mean square, and takes no mean away", () => {
  const scale = { name: "rms/scale", shape: [UNITS], meanSquare: 9, mean: 3 };
  const rms = node("rms", {
    kind: "normalization",
    operation: "rootMeanSquare",
    inputs: ["a"],
    epsilon: 0,
    weights: [scale],
  });
  const { size, mean, delta } = follow([before(), rms, head("rms")]);
  // The mean square of z is 1 + 4.
  assertAlmostEquals(size("rms"), 9, 1e-9);
  assertAlmostEquals(mean("rms"), 3 * 2 / Math.sqrt(5), 1e-9);
  assertAlmostEquals(delta("a"), 9 / 5 * (1 - 1 / UNITS), 1e-6);
});

Deno.test("propagate() divides by the norm, which leaves 1 / units", () => {
  const unit = node("unit", {
    kind: "normalization",
    operation: "norm",
    inputs: ["a"],
    normEntries: UNITS,
  });
  const { size, delta } = follow([before(), unit, head("unit")]);
  assertAlmostEquals(size("unit"), 1 / UNITS, 1e-9);
  assertAlmostEquals(delta("a"), 1 / (5 * UNITS) * (1 - 1 / UNITS), 1e-9);
});

Deno.test("normalizationRule adds nothing to a norm, so the size of the input does not count", () => {
  const normed = norm({ operation: "norm", normEntries: 5, weights: [] });
  const spread = { ...input, spread: 0.3 };
  assertEquals(normalizationRule(normed, [spread], context)!.a.spread, 0);
  const added = normalizationRule(norm({ operation: "rootMeanSquare" }), [spread], context)!.a;
  assertNear(added.spread, 0.3 * (0.1 / (2.3 + 0.1)) ** 2);
});
