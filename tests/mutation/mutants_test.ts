import { assert, assertEquals } from "@std/assert";
import excused from "./excused.json" with { type: "json" };
import { changedLine, mutantsOf, mutate } from "./mutants.ts";

/** Each change that can be made, as the line that it leaves. */
const changed = (text: string) => mutantsOf(text).map((mutant) => mutate(text, mutant));

Deno.test("mutantsOf() exchanges comparisons, logic and arithmetic", () => {
  assertEquals(changed("a < b && c"), ["a < b || c", "a <= b && c"]);
  assertEquals(changed("a === b || !c"), ["a === b && !c", "a !== b || !c", "a === b || c"]);
  assertEquals(changed("a + b * c"), ["a - b * c", "a + b / c"]);
});

Deno.test("mutantsOf() exchanges numbers and booleans", () => {
  assertEquals(changed("f(0, 1, 1e-3, true)"), [
    "f(1, 1, 1e-3, true)",
    "f(0, 2, 1e-3, true)",
    "f(0, 1, (1e-3 * 2), true)",
    "f(0, 1, 1e-3, false)",
  ]);
});

Deno.test("mutantsOf() leaves comments, strings and types alone", () => {
  assertEquals(changed("/* 1 < 2 */ 'a < 1'; // 3"), []);
  assertEquals(changed("type A = 1 | 2; interface B { c: 3 } let d: 4;"), []);
  assertEquals(changed("'a' + b + `c`"), []);
});

Deno.test("excused.json lists changes that can still be made, each with its reason", async () => {
  for (const [file, changes] of Object.entries<Record<string, string>>(excused)) {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    const lines = mutantsOf(text).map((mutant) => changedLine(text, mutant));
    for (const [line, reason] of Object.entries(changes)) {
      assert(lines.includes(line), `${file}: ${line}`);
      assert(reason.length > 0, line);
    }
  }
});
