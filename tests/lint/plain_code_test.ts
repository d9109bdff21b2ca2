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

/** Lines of a block, `count` in all with those of the braces. */
const block = (count: number) => `{\n${"f();\n".repeat(count - 2)}}`;

const LONG = [
  `function a() ${block(61)}`,
  `const a = () => ${block(61)};`,
  `class A { a() ${block(61)} }`,
  `function a() { return class { b() ${block(61)} }; }`,
  `function a() {\nconst b = class ${block(70).replaceAll("f();", "b;")};\n${"f();\n".repeat(59)}}`,
];

for (const [i, source] of LONG.entries()) {
  Deno.test(`plain code: a function of 61 lines is long (${i + 1})`, () => {
    assertEquals(broken(source, "src/engine/a.ts"), ["short-functions"]);
  });
}

const SHORT = [
  `function a() ${block(60)}`,
  `class A { a() ${block(60)}\nb() ${block(60)} }`,
  `function a() { return class { b() ${block(60)}\nc() ${block(60)} }; }`,
  `const a = () => () => class { b() ${block(60)}\nc() ${block(60)} };`,
];

for (const [i, source] of SHORT.entries()) {
  Deno.test(`plain code: methods and functions of 60 lines are short (${i + 1})`, () => {
    assertEquals(broken(source, "src/engine/a.ts"), []);
  });
}

for (
  const source of [
    "function f(a: number, b: number, c: number, d: number, e: number) {}",
    "class A { constructor(readonly a: X, b: X, c: X, d: X, ...e: X[]) {} }",
    "function f(a: number, b: boolean) {}",
    "function f(a: number, b = true) {}",
    "class A { constructor(a: X, readonly b: boolean) {} }",
    "const f = (a: number, b?: boolean) => a;",
  ]
) {
  Deno.test(`plain code: ${source} asks for an options object`, () => {
    assertEquals(broken(source, "src/engine/a.ts"), ["options-object"]);
    assertEquals(broken(source, "tests/a.ts"), []);
  });
}

for (
  const source of [
    "function f(this: X, a: number, b: number, c: number, d: number) {}",
    "function f(a: boolean) {}",
    "function f(a: number, { b }: { b: boolean }) {}",
    "const f: F = (a, b, c, d, e) => a;",
  ]
) {
  Deno.test(`plain code: ${source} needs no options object`, () => {
    assertEquals(broken(source, "src/engine/a.ts"), []);
  });
}
