import { assertAlmostEquals } from "@std/assert";
import type { NetworkNode } from "../../src/theory/signal.ts";
import { dense, follow, head, node, UNITS } from "../networks/signal_nodes.ts";

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
