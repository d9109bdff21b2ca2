import { assertEquals } from "@std/assert";
import { falsePositives } from "../../src/checks/false_positives.ts";

Deno.test("falsePositives() says how many fail, how many are warned of, and what is not ruled out", () => {
  const of = "a kind";
  assertEquals(
    falsePositives({ draws: 1600, of }),
    "Of 1600 healthy networks (a kind) 0 fail (at most 0.2 % in the long run), and none is warned of.",
  );
  assertEquals(
    falsePositives({ draws: 200, errors: 1, warnings: 20, of }, "More."),
    "Of 200 healthy networks (a kind) 1 fails (0.5 %), and 20 are warned of (10 %). More.",
  );
});
