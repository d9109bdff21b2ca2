import { falsePositives } from "../../src/rules/false_positives.ts";
import { assertEquals } from "@std/assert";

Deno.test("falsePositives() counts errors and warnings, and says which rate is not ruled out", () => {
  const of = "a kind";
  assertEquals(
    falsePositives({ draws: 1600, of }),
    "On 1600 healthy networks (a kind): 0 errors (95 % interval up to 0.2 %), 0 warnings.",
  );
  assertEquals(
    falsePositives({ draws: 200, errors: 1, warnings: 20, of }, "More."),
    "On 200 healthy networks (a kind): 1 error (0.5 %), 20 warnings (10 %). More.",
  );
});
