import { assertEquals } from "@std/assert";
import { assertHealthy } from "../../src/assert/assert_healthy.ts";
import { measureDense, normals, randomNetwork } from "../checks/dense_network.ts";

/** Networks that are known to train, and must not fail any rule, whatever the draw. */
const CONTROLS = [
  { activation: "tanh", sigma: 1, depth: 3 },
  { activation: "tanh", sigma: 1, depth: 30 },
  { activation: "selu", sigma: 1, depth: 3 },
  { activation: "selu", sigma: 1, depth: 30 },
  { activation: "relu", sigma: Math.SQRT2, depth: 5 },
];
const SEEDS = 50;

for (const { activation, sigma, depth } of CONTROLS) {
  Deno.test(`assertHealthy() passes ${SEEDS} draws of ${activation} networks of depth ${depth}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { layers, inputs } = randomNetwork({ depth, width: 64, activation, sigma, seed });
      const targets = Float64Array.from({ length: 16 }, normals(seed + 1000));
      const style = seed % 2 === 0 ? "fused" : "split";
      assertHealthy(measureDense(layers, inputs(16), { targets, style, seed }));
    }
  });
}

Deno.test("assertHealthy() judges both styles alike", () => {
  const options = { depth: 5, width: 64, activation: "tanh", sigma: 9, seed: 3 };
  const { layers, inputs } = randomNetwork(options);
  const x = inputs(16);
  const [fused, split] = (["fused", "split"] as const).map((style) => {
    try {
      assertHealthy(measureDense(layers, x, { style }));
      return "";
    } catch (error) {
      return (error as Error).message.replaceAll("activation_", "dense_")
        .split("\n").filter((line) => line.startsWith("- ")).join("\n");
    }
  });
  assertEquals(split, fused);
  assertEquals(fused === "", false);
});
