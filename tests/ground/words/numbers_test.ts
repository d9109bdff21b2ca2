import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatCount,
  formatDuration,
  formatFactor,
  formatMemory,
  formatNumber,
  formatPercent,
  formatSeconds,
  formatShare,
  roundTo,
} from "../../../src/ground/words/numbers.ts";
import { assertRefused } from "../../assert_refused.ts";

Deno.test("formatNumber() keeps three significant digits at most", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "0"],
    [4.2013e-7, "4.2e-7"],
    [1e-320, "1e-320"],
    [0.00099949, "9.99e-4"],
    [0.00099951, "0.001"],
    [0.001234, "0.00123"],
    [0.34567, "0.346"],
    [0.5, "0.5"],
    [1, "1"],
    [1.1625, "1.16"],
    [-12.345, "-12.3"],
    [999.6, "1000"],
    [1000, "1000"],
    [4021, "4021"],
    [9999.4, "9999"],
    [9999.6, "1e4"],
    [-9999.6, "-1e4"],
    [12345, "1.23e4"],
    [1.7976931348623157e308, "1.8e308"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ];
  for (const [figure, text] of cases) assertEquals(formatNumber(figure), text);
});

Deno.test("formatNumber() stays within half a percent and ten characters", () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (figure) => {
    const text = formatNumber(figure);
    assert(text.length <= 10, text);
    // Below 1e-307 float64 itself has too few digits to ask for half a percent.
    if (!Number.isFinite(figure) || Math.abs(figure) < 1e-307) return;
    const read = Number(text);
    assert(!Number.isFinite(read) || Math.abs(read - figure) <= Math.abs(figure) * 5e-3, text);
  }));
});

Deno.test("formatNumber() writes nothing but zero as zero, and its own texts as they are", () => {
  fc.assert(fc.property(fc.double({ min: -1.79e308, max: 1.79e308 }), (value) => {
    const text = formatNumber(value);
    assertEquals(text === "0", value === 0);
    assertEquals(formatNumber(Number(text)), text);
    if (!Number.isNaN(value) && value !== 0) assertEquals(formatNumber(-value), negated(text));
  }));
});

const negated = (text: string) => text.startsWith("-") ? text.slice(1) : `-${text}`;

Deno.test("formatNumber() rejects a value that is not a number", () => {
  assertRefused(
    () => formatNumber("1" as unknown as number),
    { place: "value", found: '"1"', expected: "a number" },
  );
});

Deno.test("formatFactor() writes a small factor as a fraction", () => {
  const factors = [1 / 894.4, 1 / 1414.2, 0.0999, 0.1, 0.5, 1.414, 20, 1e-6, 0, -0.01];
  assertEquals(factors.map(formatFactor), [
    "1/894",
    "1/1414",
    "1/10",
    "0.1",
    "0.5",
    "1.41",
    "20",
    "1/1e6",
    "0",
    "-0.01",
  ]);
});

Deno.test("formatFactor() stays within half a percent", () => {
  fc.assert(fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (factor) => {
    const [over, under = "1"] = formatFactor(factor).split("/");
    assert(Math.abs(Number(over) / Number(under) / factor - 1) <= 5.1e-3);
  }));
});

Deno.test("formatPercent() never rounds some to none or to all", () => {
  const texts = [0, 1e-5, 0.45, 0.9962, 0.99999, 1].map(formatPercent);
  assertEquals(texts, ["0 %", "< 0.1 %", "45 %", "99.6 %", "> 99.9 %", "100 %"]);
});

Deno.test("formatShare() writes 0% and 100% for exactly none and all alone", () => {
  const cases: [number, string][] = [
    [0, "0%"],
    [1e-9, "<1%"],
    [0.0049, "<1%"],
    [0.005, "1%"],
    [0.45, "45%"],
    [0.994, "99%"],
    [0.995, ">99%"],
    [1, "100%"],
  ];
  for (const [share, text] of cases) assertEquals(formatShare(share), text);
});

Deno.test("formatPercent() and formatShare() say the same, and all or none of nothing else", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
    const long = formatPercent(share);
    const short = formatShare(share);
    assertEquals([long === "0 %", short === "0%"], [share === 0, share === 0]);
    assertEquals([long === "100 %", short === "100%"], [share === 1, share === 1]);
    assert(short.length <= 4, short);
    const percent = (text: string) => Number(text.replace(/[<>% ]/g, ""));
    assert(Math.abs(percent(long) - 100 * share) <= 0.1 + 1e-9, long);
    assert(Math.abs(percent(short) - 100 * share) <= 1 + 1e-9, short);
  }));
});

Deno.test("formatCount() minds the plural and groups thousands", () => {
  assertEquals([
    formatCount(0, "unit"),
    formatCount(1, "unit"),
    formatCount(4021, "unit"),
    formatCount(1, "pass", "passes"),
    formatCount(2, "pass", "passes"),
  ], ["0 units", "1 unit", "4,021 units", "1 pass", "2 passes"]);
});

Deno.test("formatMemory() and formatSeconds() have a fixed number of decimals", () => {
  assertEquals([formatMemory(2 ** 31), formatMemory(2.26 * 2 ** 30)], ["2.0 GiB", "2.3 GiB"]);
  assertEquals([formatSeconds(1000), formatSeconds(1234.5)], ["1.00 s", "1.23 s"]);
});

Deno.test("roundTo() keeps a number of digits", () => {
  assertEquals([roundTo(2, 0.01234), roundTo(4, 123456), roundTo(4, NaN)], [0.012, 123500, NaN]);
});

Deno.test("formatDuration() takes two units at most", () => {
  const expected: [number, string][] = [
    [0.4, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min"],
    [200, "3 min 20 s"],
    [3600, "1 h"],
    [7500, "2 h 5 min"],
  ];
  for (const [seconds, text] of expected) assertEquals(formatDuration(seconds), text);
});
