import { assertAlmostEquals, assertEquals } from "@std/assert";
import { windowTerms } from "../../../src/ground/theory/window_rules.ts";
import type { NetworkNode } from "../../../src/ground/theory/signal.ts";
import { EXAMPLES, follow, node, UNITS } from "../../networks/signal_nodes.ts";

Deno.test("windowTerms() leaves out what lies beyond the border", () => {
  const of = (size: number[], padding: "same" | "valid" | "causal", sizes: number[], stride = 1) =>
    windowTerms({ size, strides: size.map(() => stride), padding }, sizes).terms;
  assertEquals(of([3], "valid", [16]), 3);
  assertAlmostEquals(of([3], "same", [16]), (14 * 3 + 2 * 2) / 16, 1e-12);
  assertAlmostEquals(of([3, 3], "same", [16, 16]), (46 / 16) ** 2, 1e-12);
  // Steps at 0, 2 .. 14: zeros after the last one alone.
  assertAlmostEquals(of([3], "same", [16], 2), (7 * 3 + 2) / 8, 1e-12);
  assertAlmostEquals(of([3], "causal", [4]), (1 + 2 + 3 + 3) / 4, 1e-12);
});

const MAP = [EXAMPLES, 4, 4, UNITS];

function convolution(given: Partial<NetworkNode>, kernel: number[]): NetworkNode {
  return node("conv", {
    kind: "convolution",
    activation: "linear",
    layout: "ordinary",
    shape: MAP,
    weights: [{ name: "conv/kernel", shape: kernel, meanSquare: 0.01, mean: 0 }],
    ...given,
  });
}

Deno.test("propagate() knows the fans of convolutions, depthwise and transposed ones", () => {
  const window = { size: [3, 3], strides: [1, 1], padding: "same" as const };
  const size = (layer: NetworkNode) => follow([layer], { shape: MAP }).size("conv");
  const terms = (10 / 4) ** 2;
  assertAlmostEquals(size(convolution({ window }, [3, 3, UNITS, UNITS])), terms * UNITS * 0.01);
  const depthwise = convolution({ window, layout: "depthwise" }, [3, 3, UNITS, 1]);
  assertAlmostEquals(size(depthwise), terms * 0.01);
  const up = { size: [2, 2], strides: [2, 2], padding: "same" as const };
  const transposed = convolution(
    { window: up, layout: "transposed", shape: [EXAMPLES, 8, 8, UNITS] },
    [2, 2, UNITS, UNITS],
  );
  // Each output has one tap of the four.
  assertAlmostEquals(size(transposed), UNITS * 0.01);
});

const pool = (operation: NetworkNode["operation"], shape: number[]) =>
  node("pool", {
    kind: "pool",
    operation,
    shape,
    window: { size: [2, 2], strides: [2, 2], padding: "valid" },
  });

Deno.test("propagate() takes the mean and the largest of independent positions", () => {
  const small = [EXAMPLES, 2, 2, UNITS];
  const of = (operation: NetworkNode["operation"], meanSquare = 1, mean = 0) =>
    follow([pool(operation, small)], { shape: MAP, meanSquare, mean });
  assertAlmostEquals(of("mean").size("pool"), 1 / 4, 1e-9);
  // The part common to all positions stays.
  assertAlmostEquals(of("mean", 2, 1).size("pool"), 1 + 1 / 4, 1e-9);
  // The largest of four standard normals: mean 1.02938, variance 0.49172.
  assertAlmostEquals(of("largest").mean("pool"), 1.02938, 1e-3);
  assertAlmostEquals(of("largest").size("pool"), 1.02938 ** 2 + 0.49172, 1e-3);
});
