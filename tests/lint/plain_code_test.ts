import { assertEquals } from "@std/assert";
import plugin from "../../lint/plain_code.ts";

/** The rules that a file breaks, in the order of their places. */
function broken(source: string, file = "src/rules/a.ts"): string[] {
  return Deno.lint.runPlugin(plugin, file, source).map(({ id }) => id.replace("plain-code/", ""));
}

const FAULTY: [source: string, rule: string][] = [
  ["const a = { ...{ b: 1 } };", "no-spread-literal"],
  ["const a = [...[1, 2]];", "no-spread-literal"],
  ["const [a, b] = [1, f()];", "no-tuple-declaration"],
  ["let [a] = [1];", "no-tuple-declaration"],
  ["const a = b ? 1 : c ? 2 : 3;", "no-nested-ternary"],
  ["const a = b ? (c ? 1 : 2) : 3;", "no-nested-ternary"],
];

for (const [source, rule] of FAULTY) {
  Deno.test(`plain code: ${source} breaks ${rule}`, () => {
    assertEquals(broken(source), [rule]);
  });
}

const PLAIN = [
  "const a = { ...b, c: 1 };",
  "const a = { ...(b ? { c: 1 } : {}) };",
  "const a = [...b, ...[]];",
  "f(...[1, 2]);",
  "const [a, b] = pair;",
  "const [a, b] = [...pair];",
  "[a, b] = [b, a];",
  "const a = b ? 1 : 2;",
  "const a = f(b ? 1 : 2, c ? 1 : 2);",
];

for (const source of PLAIN) {
  Deno.test(`plain code: ${source} is plain`, () => assertEquals(broken(source), []));
}

Deno.test("plain code: conditionals may be nested outside of src/, literals may be spread in scripts", () => {
  assertEquals(broken("const a = b ? 1 : c ? 2 : 3;", "tests/a.ts"), []);
  assertEquals(broken("const a = [...[1]];", "tests/a.ts"), ["no-spread-literal"]);
  assertEquals(broken("const a = [...[1]];", "fixtures/a.ts"), []);
});
