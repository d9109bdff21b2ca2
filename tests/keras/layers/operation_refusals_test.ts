import { InputError } from "../../../src/words/input_error.ts";
import { assertThrows } from "@std/assert";
import { PRODUCTS } from "../../../src/keras/layers/operations/products.ts";
import { REARRANGEMENTS } from "../../../src/keras/layers/operations/rearrangements.ts";

Deno.test("Split rejects places that are no whole numbers", () => {
  for (const indicesOrSections of [null, "2", {}, [1.5], ["1"]]) {
    assertThrows(
      () => REARRANGEMENTS.Split.shape([[null, 6]], { indicesOrSections, axis: 1 }),
      InputError,
      `It splits an axis at ${JSON.stringify(indicesOrSections)}, expected a number of parts or`,
    );
  }
  assertThrows(
    () => REARRANGEMENTS.Split.shape([[null, 6]], { indicesOrSections: 1.5, axis: 1 }),
    InputError,
    "It splits an axis of 6 into 1.5 equal parts",
  );
});

Deno.test("Einsum shows subscripts that are no text", () => {
  assertThrows(
    () => PRODUCTS.Einsum.shape([[null, 6]], { subscripts: { a: 1 } }),
    InputError,
    'It is the Einstein sum {"a":1} of [null, 6], expected a letter for each axis',
  );
});
