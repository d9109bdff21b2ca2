import { assertEquals } from "@std/assert";
import { nearestObjective } from "../../src/measure/check_objective.ts";

Deno.test("nearestObjective() knows what losses are called elsewhere, and other spellings", () => {
  const meant = (name: string) => nearestObjective(name).match(/"(.*)"/)?.[1] ?? null;
  assertEquals(
    ["mse", "MAE", "bce", "cross_entropy", "KLDiv", "mean_squared_error", "meanSquareError", "summ"]
      .map(meant),
    [
      "meanSquaredError",
      "meanAbsoluteError",
      "binaryCrossentropy",
      "categoricalCrossentropy",
      "kullbackLeiblerDivergence",
      "meanSquaredError",
      "meanSquaredError",
      "sum",
    ],
  );
  assertEquals(["focal", "constructor"].map(meant), [null, null]);
});
