import { assertEquals } from "@std/assert";
import { formatCount } from "../../src/words/numbers.ts";

Deno.test("formatCount() minds one, groups thousands, and knows plurals of their own", () => {
  assertEquals(
    [0, 1, 2, 999, 1000, 4021, 1234567, 1e9].map((count) => formatCount(count, "layer")),
    [
      "0 layers",
      "1 layer",
      "2 layers",
      "999 layers",
      "1,000 layers",
      "4,021 layers",
      "1,234,567 layers",
      "1,000,000,000 layers",
    ],
  );
  assertEquals([1, 2].map((count) => formatCount(count, "pass", "passes")), ["1 pass", "2 passes"]);
});
