import { assertEquals } from "@std/assert";
import { formatShare } from "../../src/render/layer_rows.ts";

Deno.test("formatShare() writes 0% and 100% for exactly none and all alone", () => {
  const cases: [number, string][] = [
    [0, "0%"],
    [1e-9, "<1%"],
    [0.0049, "<1%"],
    [0.005, "1%"],
    [0.45, "45%"],
    [0.994, "99%"],
    [0.995, ">99%"],
    [1, "100%"],
  ];
  for (const [share, text] of cases) assertEquals(formatShare(share), text);
});
