import { assertEquals } from "@std/assert";
import { sharedBy, sharedOver } from "../../src/theory/signal.ts";

Deno.test("sharedBy() leaves a spread whole where examples are alike, and averages it out elsewhere", () => {
  assertEquals(sharedBy(1, 32), 1);
  assertEquals(sharedBy(0, 32), 1 / 32);
  assertEquals(sharedBy(0.5, 4), 0.625);
  // Rounding may leave the range of a squared cosine.
  assertEquals([sharedBy(-0.1, 4), sharedBy(1.1, 4)], [0.25, 1]);
});

Deno.test("sharedOver() adds what one example shares with itself to what all share, over so many examples", () => {
  const gradient = { square: 9, along: 0, spread: 0, aligned: 0 };
  assertEquals(sharedOver({ ...gradient, alike: 2, near: 6 }, 4), 3);
  assertEquals(sharedOver({ ...gradient, alike: 2, near: 1 }, 4), 2);
});
