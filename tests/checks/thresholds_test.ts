import { assertEquals } from "@std/assert";
import { THRESHOLDS } from "../../src/checks/threshold_table.ts";
import { namesGivenTo } from "./names_given_to.ts";

Deno.test("every threshold has a testThreshold() among the tests of rules", async () => {
  const tested = await namesGivenTo("testThreshold");
  assertEquals(Object.keys(THRESHOLDS).filter((name) => !tested.includes(name)), []);
});
