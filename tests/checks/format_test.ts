import { assertEquals } from "@std/assert";
import {
  formatCount,
  formatFactor,
  formatLayers,
  formatNumber,
  formatPercent,
} from "../../src/checks/format.ts";

Deno.test("formatNumber() keeps three digits, plain or by powers of ten", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.5, "0.5"],
    [0.0012345, "0.00123"],
    [0.000999, "9.99e-4"],
    [0.0009999, "0.001"],
    [5.294e-7, "5.29e-7"],
    [99999, "1e5"],
    [1.5e10, "1.5e10"],
    [-3.14159, "-3.14"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
  ];
  for (const [value, text] of cases) assertEquals(formatNumber(value), text);
});

Deno.test("formatPercent() never rounds some to none or to all", () => {
  const texts = [0, 1e-5, 0.45, 0.9962, 0.99999, 1].map(formatPercent);
  assertEquals(texts, ["0 %", "< 0.1 %", "45 %", "99.6 %", "> 99.9 %", "100 %"]);
});

Deno.test("formatFactor() writes a small factor as a fraction", () => {
  assertEquals([1 / 894.4, 1 / 1414.2, 0.5, 1.414, 20, 1e-6].map(formatFactor), [
    "1/894",
    "1/1414",
    "1/2",
    "1.41",
    "20",
    "1/1e6",
  ]);
});

Deno.test("formatCount() minds the plural", () => {
  assertEquals([formatCount(1, "unit"), formatCount(2, "unit")], ["1 unit", "2 units"]);
});

Deno.test("formatLayers() writes neighbours as a run and others as a list", () => {
  const all = Array.from({ length: 9 }, (_, i) => ({ name: `d${i + 1}`, className: "Dense" }));
  assertEquals(formatLayers(["d1"], all), "d1");
  assertEquals(formatLayers(["d1", "d2", "d3"], all), "d1, d2, d3");
  assertEquals(formatLayers(["d2", "d3", "d4", "d5"], all), "d2 ... d5");
  assertEquals(formatLayers(["d1", "d3", "d4", "d5", "d6"], all), "d1, d3, d4 and 2 more");
  const split = all.flatMap((layer) => [layer, { name: `act_${layer.name}`, className: "ReLU" }]);
  assertEquals(formatLayers(["d2", "d3", "d4", "d5"], split), "d2 ... d5");
  assertEquals(formatLayers(["d2", "act_d2", "d4", "d5"], split), "d2, act_d2, d4 and 1 more");
});
