import { isRun, listLayers } from "../../src/rules/list_layers.ts";
import { assertEquals } from "@std/assert";

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
