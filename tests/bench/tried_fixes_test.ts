import { assertEquals } from "@std/assert";
import { verdictOf } from "../../bench/trainability/verdict.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

/** Findings on networks of `bench/trainability`, and the results of training with these fixes. */
const SAID: Record<string, [seed: number, first: string, fixes: string[]]> = {
  "counts the fix of a network that then learns as compiled": [258, "kernel-scale", ["rescale"]],
  "adds the head to targets with which no rate does more than begin to learn (0.43, 0.83 with it)":
    [
      108,
      "targets",
      ["normalize-targets", "head"],
    ],
  "does not count a fix with which only a higher rate learns, and late (trains to 0.30 with it)": [
    664,
    "frozen",
    [],
  ],
  "adds the scale that a network without frozen layers needs (0.59 without, 0.66 with it)": [
    3637,
    "frozen",
    ["unfreeze", "rescale"],
  ],
  "names tiny inputs before dropout, and both are in the way (0.19 and 0.57 alone, 0.93 together)":
    [
      3705,
      "input",
      ["dropout", "normalize-input"],
    ],
  "does not count numbers of a batch that start 857 times above guessing (trains to 0.11)": [
    14,
    "kernel-scale",
    [],
  ],
  "tries the fix of a warning that a batch says nothing about too (0.57 without, 0.69 with it)": [
    494,
    "gain",
    ["rescale", "unfreeze"],
  ],
  "suspects a row of sigmoids that only training meets (trains to 0.86 without them)": [
    312,
    "activation",
    ["activation"],
  ],
};

for (const [what, [seed, first, fixes]] of Object.entries(SAID)) {
  Deno.test(`examine() ${what}`, async () => {
    await using engine = await startEngine();
    const { causes, fixes: tried } = await verdictOf(engine.tf, seed);
    assertEquals(causes[0], first);
    assertEquals(tried.map(({ kind }) => kind), fixes);
  });
}
