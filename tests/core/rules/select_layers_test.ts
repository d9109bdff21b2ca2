import { assertEquals, assertThrows } from "@std/assert";
import { isRun, listLayers } from "../../../src/core/rules/say.ts";
import { selectLayers } from "../../../src/core/rules/rule_options.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";

const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `l${i}` }));

/** Returns the error of a pattern that matches none of this many layers. */
const said = (count: number) =>
  assertThrows(() => selectLayers(named(count), { layers: ["head"] }), InputError).message;

Deno.test("selectLayers() names all layers up to eight, and of more the first eight", () => {
  const eight = "l0, l1, l2, l3, l4, l5, l6, l7";
  const opening = "options.layers has head, which no layer matches, expected one of ";
  assertEquals(said(1), `${opening}l0`);
  assertEquals(said(8), `${opening}${eight}`);
  assertEquals(said(9), `${opening}${eight}, ... (9 in all)`);
});

Deno.test("listLayers() writes neighbours as a run and others as a list", () => {
  const formatLayers = (names: string[], all: { name: string; className: string }[]) =>
    listLayers(names, { run: isRun(names, all) });
  const all = Array.from({ length: 9 }, (_, i) => ({ name: `d${i + 1}`, className: "Dense" }));
  assertEquals(formatLayers(["d1"], all), "d1");
  assertEquals(formatLayers(["d1", "d2", "d3"], all), "d1, d2, d3");
  assertEquals(formatLayers(["d2", "d3", "d4", "d5"], all), "d2 ... d5");
  assertEquals(formatLayers(["d1", "d3", "d4", "d5", "d6"], all), "d1, d3, d4 and 2 more");
  const split = all.flatMap((layer) => [layer, { name: `act_${layer.name}`, className: "ReLU" }]);
  assertEquals(formatLayers(["d2", "d3", "d4", "d5"], split), "d2 ... d5");
  assertEquals(formatLayers(["d2", "act_d2", "d4", "d5"], split), "d2, act_d2, d4 and 1 more");
});
