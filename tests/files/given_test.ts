import type { LayersModel } from "../../src/engine/mod.ts";
import { BatchError } from "../../src/core/model/batches/batch.ts";
import { classTargets } from "../../src/files/given.ts";
import type { Objective } from "../../src/core/model/objective.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { parts, partsOf } from "../assert_refused.ts";

const NAMES = ["cat", "dog", "owl"];

function targets(shape: (number | null)[], objective?: Objective, names = NAMES) {
  const model = { outputs: [{ shape }] } as unknown as LayersModel;
  const { values, ...told } = classTargets(
    [2, 0],
    { place: "The folder", names },
    model,
    objective,
  );
  return [told.shape, Array.from(values)];
}

Deno.test("classTargets() gives rows of shares, or numbers where the loss or the output takes them", () => {
  const numbers = [[2, 1], [2, 0]], rows = [[2, 3], [0, 0, 1, 1, 0, 0]];
  assertEquals(targets([null, 3]), rows);
  assertEquals(targets([null, 3], "categoricalCrossentropy"), rows);
  assertEquals(targets([null, 3], "sparseCategoricalCrossentropy"), numbers);
  assertEquals(targets([null, 7], "sparseCategoricalCrossentropy"), numbers);
  assertEquals(targets([null, 5, 3]), numbers);
  assertEquals(targets([null]), numbers);
  assertEquals(targets([null, 1], undefined, ["no", "yes"]), numbers);
});

Deno.test("classTargets() rejects other numbers of classes than the output has", () => {
  const refusal = (...given: Parameters<typeof targets>) =>
    partsOf(assertThrows(() => targets(...given), BatchError));
  const wanted = (count: number) =>
    parts("The folder", "3 classes", `${count} as the model outputs`);
  assertEquals(refusal([null, 2]), wanted(2));
  assertEquals(refusal([null, 4], "categoricalCrossentropy"), wanted(4));
  assertEquals(refusal([null, 1]), wanted(2));
  assertEquals(
    refusal([null, 1], "binaryCrossentropy", ["one"]),
    parts("The folder", "1 classes", "2 as the model outputs"),
  );
});
