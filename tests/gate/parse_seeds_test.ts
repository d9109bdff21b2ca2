import { assertEquals, assertThrows } from "@std/assert";
import { GateError } from "../../src/gate/gate_result.ts";
import { parseSeeds } from "../../src/gate/configuration.ts";

Deno.test("parseSeeds() reads a number of draws, lists and ranges", () => {
  assertEquals(parseSeeds("3", "here"), [0, 1, 2]);
  assertEquals(parseSeeds("1", "here"), [0]);
  assertEquals(parseSeeds("1, 5,2", "here"), [1, 5, 2]);
  assertEquals(parseSeeds("0..3,9", "here"), [0, 1, 2, 3, 9]);
  assertEquals(parseSeeds("4..4", "here"), [4]);
});

for (const text of ["", "a", "0", "-1", "1.5", "3..1", "1...3", "1,", "99999999999999999999"]) {
  Deno.test(`parseSeeds() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(
      () => parseSeeds(text, "here"),
      GateError,
      `here is ${JSON.stringify(text)}, expected how many draws (10), or seeds (1,2,5`,
    );
  });
}

Deno.test("parseSeeds() refuses a seed that is given twice, and more than anybody waits for", () => {
  assertThrows(
    () => parseSeeds("0..3,2", "here"),
    GateError,
    'here is "0..3,2", expected every seed once',
  );
  assertEquals(parseSeeds("1..10000", "here").length, 10000);
  assertEquals(parseSeeds("10000", "here").length, 10000);
  assertThrows(() => parseSeeds("10001", "here"), GateError, "at most 10000 seeds");
  assertEquals(parseSeeds("20000", "here", 20000).length, 20000);
  assertThrows(() => parseSeeds("0..10000", "here"), GateError, "at most 10000 seeds");
});
