import { assertEquals } from "@std/assert";
import { unusualRate } from "../../src/checks/usual_rates.ts";

Deno.test("unusualRate() knows what each optimizer is used with", () => {
  for (
    const [name, least, most] of [
      ["SGD", 3e-3, 0.35],
      ["Momentum", 3e-4, 0.35],
      ["Adagrad", 3e-3, 1],
      ["Adadelta", 5e-3, 1],
      ["Adam", 1e-4, 0.03],
      ["Adamax", 1e-4, 0.3],
      ["RMSProp", 1e-4, 0.03],
    ] as const
  ) {
    assertEquals(
      [0.99 * least, least, most, 1.01 * most].map((rate) => unusualRate(name, rate)),
      ["low", null, null, "high"],
      name,
    );
  }
  assertEquals(unusualRate("SGD", NaN), "high");
  assertEquals(unusualRate("SGD", null), null);
  assertEquals(unusualRate("Lion", 1e-9), null);
});
