import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  list,
  nullable,
  number,
  object,
  optional,
  record,
  requireValue,
  string,
} from "../../../src/ground/words/shape.ts";

const shape = object({
  name: string,
  sizes: list(number),
  note: optional(string),
  seed: nullable(number),
  shares: record(number),
});

const right = { name: "a", sizes: [1, NaN], seed: null, shares: { a: 1 } };

Deno.test("requireValue() takes what is as it must be, and more than that", () => {
  requireValue("thing", right, shape);
  requireValue("thing", { ...right, note: "b", other: 1 }, shape);
});

Deno.test("requireValue() names the place, what was found and what was expected", () => {
  const cases: [unknown, string][] = [
    [undefined, "thing is undefined, expected an object"],
    [[], "thing is an empty array, expected an object"],
    [{ ...right, name: 3 }, "thing.name is 3, expected a text"],
    [{ ...right, sizes: [1, , 3] }, "thing.sizes[1] is undefined, expected a number"],
    [{ ...right, note: null }, "thing.note is null, expected a text"],
    [{ ...right, seed: Symbol("s") }, "thing.seed is Symbol(s), expected a number"],
    [{ ...right, shares: { "b\n": "x" } }, 'thing.shares["b\\n"] is "x", expected a number'],
  ];
  for (const [value, message] of cases) {
    const error = assertThrows(() => requireValue("thing", value, shape), InputError);
    assertEquals(error.message, message);
    assertEquals(`${error.place} is ${error.found}, expected ${error.expected}`, message);
  }
});
