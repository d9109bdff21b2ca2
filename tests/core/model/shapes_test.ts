import {
  broadcasts,
  broadcastShape,
  classAxisOf,
  fillShape,
  hasShape,
  takesTargets,
  targetShapes,
} from "../../../src/core/model/layers/shapes.ts";
import { assertEquals } from "@std/assert";

Deno.test("targetShapes() names the shapes that a loss takes, the usual one first", () => {
  const sparse = "sparseCategoricalCrossentropy", torch = "cross_entropy";
  const own = [null, 5, 3], numbers = [[null, 5, 1], [null, 5]];
  assertEquals(targetShapes(own), [own, ...numbers]);
  assertEquals(targetShapes(own, "sum"), [own, ...numbers]);
  assertEquals(targetShapes(own, "meanSquaredError"), [own]);
  assertEquals(targetShapes([null, 1], "meanSquaredError"), [[null, 1], [null]]);
  assertEquals(targetShapes(own, sparse), numbers);
  assertEquals(targetShapes(own, () => null as never), null);
  // PyTorch has the classes in the second axis of maps and series.
  assertEquals(targetShapes(own, torch)!.slice(0, 4), [...numbers, [null, 3, 1], [null, 3]]);
  assertEquals(targetShapes([null, 3], torch)!.slice(0, 2), [[null, 1], [null]]);
});

Deno.test("classAxisOf() takes the axis that the targets lack", () => {
  const rows: [output: (number | null)[], target: number[], loss: string | null, axis: number][] = [
    [[4, 5, 3], [4, 5], "cross_entropy", 2],
    [[null, 5, 3], [4, 5], "cross_entropy", 2],
    [[4, 5, 3], [4, 3], "cross_entropy", 1],
    // PyTorch reads axis 1 if the classes may be on either.
    [[4, 5, 5], [4, 5], "cross_entropy", 1],
    [[null, null, 5], [4, 5], "cross_entropy", 1],
    [[4, 5, 5], [4, 5, 1], "cross_entropy", 2],
    [[4, 5, 5], [4, 5], "sparseCategoricalCrossentropy", 2],
    [[4, 5, 6, 7], [4, 6, 7], "cross_entropy", 1],
    [[4, 5], [4], "cross_entropy", 1],
    [[4, 5, 3], [4, 3], "sparseCategoricalCrossentropy", 2],
    [[4, 5, 3], [4, 3], null, 2],
    // The number of examples differs, so that the last axis is not the one.
    [[4, 5, 3], [9, 5], "cross_entropy", 1],
  ];
  for (const [output, target, loss, axis] of rows) {
    assertEquals(classAxisOf(output, target, loss), axis, `${output} ${target} ${loss}`);
  }
});

Deno.test("takesTargets() takes what a loss of PyTorch broadcasts, and no column for a row", () => {
  const rows: [output: (number | null)[], target: number[], loss: string, isTaken: boolean][] = [
    [[null, 1], [4], "meanSquaredError", true],
    [[null, 1], [4], "mse_loss", true],
    [[null, 1], [4], "bce_with_logits", false],
    [[null, 1], [4, 1], "bce_with_logits", true],
    [[null, 1], [4], "soft_margin_loss", false],
    [[null, 3], [4, 1], "soft_margin_loss", true],
    [[null, 3], [4, 1], "mse_loss", true],
    [[null, 3], [4, 1], "meanSquaredError", false],
    [[null, 3], [4], "mse_loss", false],
    [[null], [4, 1], "l1_loss", true],
  ];
  for (const [output, target, loss, isTaken] of rows) {
    assertEquals(
      takesTargets(output, target, loss as never),
      isTaken,
      `${output} ${target} ${loss}`,
    );
  }
  assertEquals(takesTargets([null, 3], [7, 7, 7], () => null as never), true);
});

Deno.test("broadcastShape() joins shapes from their last axes", () => {
  assertEquals(broadcastShape([4, 1], [4]), [4, 4]);
  assertEquals(broadcastShape([2, 1, 3], [4, 3]), [2, 4, 3]);
  assertEquals(broadcastShape([4, 3], [4]), null);
  assertEquals(broadcastShape([], [4]), [4]);
  assertEquals(broadcasts([4, 1], [4], "mse_loss(reduction='sum')"), true);
  assertEquals(fillShape([null, 1], [4]), [4, 1]);
  assertEquals(fillShape([null, null, 2], [4, 5, 2]), [4, 5, 2]);
});

Deno.test("hasShape() takes any size in an open axis", () => {
  assertEquals(hasShape([4, 5], [null, 5]), true);
  assertEquals(hasShape([4, 5], [null, null]), true);
  assertEquals([hasShape([4, 5], [null, 6]), hasShape([4, 5], [null])], [false, false]);
  assertEquals(hasShape([], []), true);
});
