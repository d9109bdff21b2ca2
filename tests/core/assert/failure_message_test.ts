import { assertEquals } from "@std/assert";
import {
  callSites,
  failureMessage,
  shortNames,
  withShortNames,
} from "../../../src/core/assert/failure_message.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";

const nameOf = (length: number) => `${"a".repeat(length - 2)}_1`;

Deno.test("shortNames() cuts names of more than 48 columns", () => {
  const names = [nameOf(48), nameOf(49)];
  const short = shortNames(names);
  assertEquals(short(names[0]), names[0]);
  assertEquals(short(names[1]).length, 48);
  assertEquals(short(names[1]).endsWith("_1"), true);
  assertEquals(short("another"), "another");
});

Deno.test("withShortNames() replaces a name that begins another one after that one", () => {
  const outer = nameOf(50);
  const inner = `${outer}/${"b".repeat(50)}`;
  for (const names of [[outer, inner], [inner, outer]]) {
    const layers = names.map((name) => layer(name, {}));
    const short = new Map([[outer, "OUTER"], [inner, "INNER"]]);
    const shown = (name: string) => short.get(name) ?? name;
    const value = { message: `${inner} follows ${outer}`, count: 2, none: null, list: [outer] };
    assertEquals(withShortNames(value, shown, { layers }), {
      message: "INNER follows OUTER",
      count: 2,
      none: null,
      list: ["OUTER"],
    });
  }
  const value = { message: "as it is" };
  assertEquals(withShortNames(value, (name) => name, { layers: [layer("x", {})] }) === value, true);
});

Deno.test("failureMessage() lists four findings, counts the others, and gives two fixes", () => {
  const rule = RULES.find(({ name }) => name === "dead-units")!;
  const names = Array.from({ length: 6 }, (_, i) => `dense_${i + 1}`);
  const layers = names.map((name) => layer(name, {}));
  const linesOf = (count: number, unjudged = false) => {
    const errors = names.slice(0, count).map((name) =>
      finding(name, { rule: "dead-units", message: `of ${name}`, fix: `fix of ${name}`, unjudged })
    );
    const figure = { title: "share", scale: "linear" as const, rows: [{ label: "a", value: 1 }] };
    return failureMessage({ rule, subject: measurements(layers), errors, layers, figure }, "Mine.")
      .split("\n").slice(1);
  };
  const bars = ["share:", "0", "a"];
  const shape = (lines: string[]) =>
    lines.map((line) => line.trim().replace(/^(0|a) .*/, "$1")).filter((line) => line !== "");
  assertEquals(shape(linesOf(4)), [
    ...names.slice(0, 4).map((name) => `- of ${name}`),
    "Fix: fix of dense_1",
    "Fix: fix of dense_2",
    ...bars,
    "Mine.",
  ]);
  assertEquals(shape(linesOf(5)).filter((line) => line.startsWith("- and")), [
    "- and 1 more: dense_5",
  ]);
  assertEquals(linesOf(1, true), ["- of dense_1", "Fix: fix of dense_1", "Mine."]);
});

Deno.test("callSites() reads the places of a stack, and leaves out those of Deno", () => {
  const stack = `Error: x
    at name (file:///net_test.ts:3:12)
    at https://example.com/mod.ts:7:1
    at ext:core/01_core.js:1:2`;
  assertEquals(callSites(stack), [
    { url: "file:///net_test.ts", line: 3, column: 12 },
    { url: "https://example.com/mod.ts", line: 7, column: 1 },
  ]);
  assertEquals(callSites(), []);
});
