import { ModelError } from "../../../src/core/model/model_error.ts";
import { noteSizes, parseSize, sizeOf } from "../../../src/torch/program/size_expression.ts";
import { assertEquals, assertThrows } from "@std/assert";

const valueOf = (text: string, sizes: Record<string, number> = {}) =>
  sizeOf(parseSize(text), new Map(Object.entries(sizes)));

Deno.test("parseSize() reads the formulas of each version of PyTorch", () => {
  const cases: [text: string, expected: number | null][] = [
    ["7", 7],
    ["Integer(7)", 7],
    ["s77", 5],
    ["Symbol('s77', positive=True, integer=True)", 5],
    ["Mul(Integer(2), Symbol('s77', positive=True, integer=True))", 10],
    ["2*s77 + 1", 11],
    ["1 + 2*s77**2", 51],
    ["(s77 + 1)//4", 1],
    ["-s77 + 8", 3],
    ["10 - s77 - 2", 3],
    ["Add(Integer(-1), FloorDiv(Symbol('s77'), Integer(2)))", 1],
    ["Max(1, s77 % 3)", 2],
    ["Float('2.5', precision=53)", 2.5],
    ["And(LessThan(Symbol('s77'), Integer(5)), Not(StrictLessThan(Symbol('s77'), 5)))", 1],
    ["Or(Unequality(s77, 5), GreaterThan(s77, 6), StrictGreaterThan(s77, 5))", 0],
    ["u0", null],
    ["2*u0", null],
  ];
  for (const [text, expected] of cases) assertEquals(valueOf(text, { s77: 5 }), expected, text);
});

Deno.test("parseSize() refuses what is not a formula, and one that never ends", () => {
  const bad = ["", "2*", "f(1)", "(1", "1)", "constructor(1)", "Symbol()", "1 2", "Add(1", ";"];
  for (const text of [...bad, "(".repeat(5000), "1+".repeat(20_000), "-".repeat(5000)]) {
    assertThrows(() => parseSize(text), ModelError, "is not a formula of sizes", text.slice(0, 9));
  }
});

Deno.test("noteSizes() solves formulas that are linear in one symbol", () => {
  const noted = (formula: string, size: number) => {
    const sizes = new Map<string, number>();
    noteSizes([parseSize(formula), 3], [size, 3], sizes);
    return sizes.get("s77");
  };
  assertEquals(noted("s77", 6), 6);
  assertEquals(noted("2*s77", 6), 3);
  assertEquals(noted("2*s77 + 1", 7), 3);
  assertEquals(noted("2*s77", 7), undefined);
  assertEquals(noted("s77**2", 9), undefined);
  assertEquals(noted("s77*s78", 9), undefined);
  assertEquals(noted("s77*0", 9), undefined);
});
