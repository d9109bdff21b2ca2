import { assertEquals } from "@std/assert";
import { defuse } from "../../src/words/failure.ts";

Deno.test("defuse() takes the power from what a CI system would obey, and changes nothing else", () => {
  assertEquals(defuse("  ::error::x"), "  \\x3a:error::x");
  assertEquals(defuse("a ##[add-mask]x"), "a ##\\x5badd-mask]x");
  assertEquals(["a ::error::x", ": a", "## [a]"].map(defuse), ["a ::error::x", ": a", "## [a]"]);
});
