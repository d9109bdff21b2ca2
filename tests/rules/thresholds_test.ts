import { THRESHOLDS } from "../../src/rules/threshold_table.ts";
import { namesGivenTo } from "./names_given_to.ts";
import { assertEquals } from "@std/assert";

Deno.test("every threshold has a testThreshold() among the tests of rules", async () => {
  const tested = await namesGivenTo("testThreshold");
  assertEquals(Object.keys(THRESHOLDS).filter((name) => !tested.includes(name)), []);
});
