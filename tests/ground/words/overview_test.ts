import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { expect } from "@std/expect";
import { withOverview } from "../../../src/ground/words/overview.ts";

const PLAIN = { a: 1, list: [1, 2, { b: "x" }], deep: { er: { est: { of: { all: [NaN] } } } } };

const shown = <T extends object>(value: T, rows = 2): T =>
  withOverview(structuredClone(value), () => ({
    title: "two of them",
    columns: ["name", "size", "about"],
    rows: Array.from({ length: rows }, (_, i) => [`row ${i}`, 1234.5678 * i, i === 0 ? null : "x"]),
  }));

/** As a snapshot and a failed assertion print a value. */
const WHOLE: Deno.InspectOptions = {
  depth: Infinity,
  sorted: true,
  trailingComma: true,
  compact: false,
  iterableLimit: Infinity,
  strAbbreviateSize: Infinity,
};

Deno.test("withOverview() prints a title and a table in place of a value", () => {
  assertEquals(
    Deno.inspect(shown(PLAIN)),
    [
      "two of them",
      "  name   size  about",
      "  row 0     0  -",
      "  row 1  1235  x",
    ].join("\n"),
  );
  assertEquals(Deno.inspect(shown([1, 2], 0)), "two of them");
});

Deno.test("withOverview() prints a title alone inside another value", () => {
  assertEquals(Deno.inspect({ one: shown(PLAIN), n: 1 }), "{ one: [two of them], n: 1 }");
});

Deno.test("withOverview() shows 24 rows, and says how many there are", () => {
  const lines = (rows: number) => Deno.inspect(shown(PLAIN, rows)).split("\n");
  assertEquals(lines(24).length, 26);
  assertEquals(lines(24).at(-1)!.startsWith("  row 23"), true);
  assertEquals(lines(25).slice(-2).map((line) => line.slice(0, 15)), [
    "  row 23  2.84e",
    "  ... 1 more of",
  ]);
});

Deno.test("withOverview() makes hostile text visible, and cuts long text", () => {
  const value = withOverview({}, () => ({
    title: "a\u001b[31m",
    columns: ["name", "about"],
    rows: [["\u202ename", "n".repeat(300)], ["m".repeat(300), ""]],
  }));
  const text = Deno.inspect(value);
  assert(!text.includes("\u001b") && !text.includes("\u202e"), text);
  assertStringIncludes(text, "\\u{202e}name");
  assert(text.split("\n").every((line) => line.length < 160));
});

Deno.test("withOverview() changes nothing but what a console and a notebook show", async () => {
  for (const plain of [PLAIN, PLAIN.list]) {
    const value = shown(plain as object);
    assertEquals(value, plain);
    assertEquals(plain, value);
    expect(value).toEqual(plain);
    assertEquals(JSON.stringify(value), JSON.stringify(plain));
    assertEquals(Object.keys(value), Object.keys(plain));
    assertEquals(Reflect.ownKeys({ ...value }), Reflect.ownKeys({ ...plain }));
    const clone = structuredClone(value);
    assertEquals(Reflect.ownKeys(clone), Reflect.ownKeys(plain));
    assertEquals(Object.getPrototypeOf(value), Object.getPrototypeOf(plain));
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }) => resolve(data);
    port1.postMessage(value);
    assertEquals(await promise, plain);
    port1.close();
    port2.close();
  }
});

Deno.test("withOverview() prints all of a value to who asks for its last depth, as a snapshot does", () => {
  for (const plain of [PLAIN, PLAIN.list, { in: [PLAIN, { more: PLAIN }] }]) {
    assertEquals(Deno.inspect(shown(plain as object), WHOLE), Deno.inspect(plain, WHOLE));
    assertEquals(
      Deno.inspect({ a: [shown(plain as object)], b: 1 }, WHOLE),
      Deno.inspect({ a: [plain], b: 1 }, WHOLE),
    );
  }
});
