import { matchesBaseline } from "../../src/rules/matches_baseline.ts";
import { flat, makeMeasurements } from "../networks/measurements.ts";
import { assertEquals } from "@std/assert";

const sized = (factor: number) => makeMeasurements([{ activations: flat(factor, 640) }]);

Deno.test("matchesBaseline() passes what has moved by the very factor, up or down", () => {
  assertEquals(matchesBaseline(sized(1)).run(sized(2)), []);
  assertEquals(matchesBaseline(sized(2)).run(sized(1)), []);
});
