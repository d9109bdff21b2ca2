import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import { AssertionError as SameError } from "@std/assert/assertion-error";
import { parseArgs } from "@std/cli/parse-args";
import { parse } from "@std/csv/parse";
import { red, stripAnsiCode } from "@std/fmt/colors";
import { format as formatBytes } from "@std/fmt/bytes";
import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

Deno.test("the std packages of a checkout answer as those of JSR do", () => {
  assertThrows(() => assertEquals(1, 2), AssertionError);
  assertEquals(SameError, AssertionError);
  assertEquals(parseArgs(["--seed", "3"], { string: ["seed"] }).seed, "3");
  assertEquals(stripAnsiCode(red("x")), "x");
  assertEquals(formatBytes(1500), "1.5 kB");
  assertEquals(parse('a,"b ""c"""\n1,2'), [["a", 'b "c"'], ["1", "2"]]);
  assertEquals(closestString("tahn", ["relu", "tanh"]), "tanh");
  assertEquals(levenshteinDistance("tahn", "tanh"), 2);
});
