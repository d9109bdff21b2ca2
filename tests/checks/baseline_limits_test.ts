import { assertEquals } from "@std/assert";
import { matchesBaseline } from "../../src/checks/matches_baseline.ts";
import { flat, makeMeasurements } from "./make_measurements.ts";

const sized = (factor: number) => makeMeasurements([{ activations: flat(factor, 640) }]);

Deno.test("matchesBaseline() passes what has moved by the very factor, up or down", () => {
  assertEquals(matchesBaseline(sized(1)).check(sized(2)), []);
  assertEquals(matchesBaseline(sized(2)).check(sized(1)), []);
});
