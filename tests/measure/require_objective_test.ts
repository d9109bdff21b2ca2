import { assertEquals, assertThrows } from "@std/assert";
import { nearestObjective, requireTargetsFor } from "../../src/measure/require_objective.ts";
import { type Batch, BatchError } from "../../src/load/mod.ts";

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

Deno.test("requireTargetsFor() requires targets for a loss, and says how the batch gets them", () => {
  const none = [undefined, null].map((targets) => ({ inputs: {}, targets }) as unknown as Batch);
  const some = { inputs: {}, targets: {} } as unknown as Batch;
  assertEquals(requireTargetsFor(some, "hinge", "a.json"), some);
  const fixes = {
    "a.json": 'add "targets" to it',
    "a.JSON": 'add "targets" to it',
    "a.ts": "let createBatch return { inputs, targets }",
    "a.npy": "use an .npz with x and y, or a .csv whose last column is called label",
    "json": "use an .npz with x and y, or a .csv whose last column is called label",
  };
  for (const batch of none) {
    for (const objective of [undefined, "sum", () => ({})] as const) {
      assertEquals(requireTargetsFor(batch, objective as "sum", "a.json"), batch);
    }
    for (const [file, fix] of Object.entries(fixes)) {
      assertEquals(
        assertThrows(() => requireTargetsFor(batch, "hinge", file), BatchError).message,
        `${file}: the objective hinge needs targets, and the batch has none: ${fix}`,
      );
    }
  }
});
