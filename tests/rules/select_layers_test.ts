import { InputError } from "../../src/words/input_error.ts";
import { selectLayers } from "../../src/rules/select_layers.ts";
import { assertEquals, assertThrows } from "@std/assert";

const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `l${i}` }));

/** What is said of a pattern that matches none of so many layers. */
const said = (count: number) =>
  assertThrows(() => selectLayers(named(count), { layers: ["head"] }), InputError).message;

Deno.test("selectLayers() names all layers up to eight, and of more the first eight", () => {
  const eight = "l0, l1, l2, l3, l4, l5, l6, l7";
  const opening = "options.layers has head, which no layer matches, expected one of ";
  assertEquals(said(1), `${opening}l0`);
  assertEquals(said(8), `${opening}${eight}`);
  assertEquals(said(9), `${opening}${eight}, ... (9 in all)`);
});
