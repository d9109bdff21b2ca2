import { assertAlmostEquals } from "@std/assert";
import { dense, follow, head, node, UNITS } from "../networks/signal_nodes.ts";

/** What goes in has a mean: z = W x + b with biases of 2. */
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
