import { assertEquals } from "@std/assert";
import { unusualRate } from "../../src/examine/is_suspect.ts";

Deno.test("unusualRate() knows what plain descent and what Adam are used with", () => {
  for (const name of ["SGD", "Momentum"]) {
    assertEquals([9e-4, 1e-3, 1, 1.1].map((rate) => unusualRate(name, rate)), [
      "low",
      null,
      null,
      "high",
    ]);
  }
  assertEquals([9e-5, 1e-4, 0.03, 0.031].map((rate) => unusualRate("Adam", rate)), [
    "low",
    null,
    null,
    "high",
  ]);
  assertEquals(unusualRate("RMSProp", 1), "high");
  assertEquals(unusualRate("SGD", NaN), "high");
  assertEquals(unusualRate("SGD", null), null);
});
