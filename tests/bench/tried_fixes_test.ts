import { assertEquals } from "@std/assert";
import { verdictOf } from "../../bench/trainability/verdict.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { learnsAsCompiled } from "../../src/probe/trial.ts";

Deno.test("learnsAsCompiled() wants a rate that learns, and a compiled one that does not fail", () => {
  assertEquals(learnsAsCompiled({ verdict: "learns", givenVerdict: "learns" }), true);
  assertEquals(learnsAsCompiled({ verdict: "learns", givenVerdict: "slow" }), true);
  assertEquals(learnsAsCompiled({ verdict: "learns", givenVerdict: null }), true);
  assertEquals(learnsAsCompiled({ verdict: "learns", givenVerdict: "fails" }), false);
  assertEquals(learnsAsCompiled({ verdict: "slow", givenVerdict: "slow" }), false);
  assertEquals(learnsAsCompiled({ verdict: "fails", givenVerdict: "fails" }), false);
});

/** What is said of a network of `bench/trainability`, and what training with these fixes shows. */
const SAID: Record<string, [seed: number, first: string, fixes: string[]]> = {
  "counts the fix of a network that then learns as compiled": [258, "kernel-scale", ["rescale"]],
  "does not count a fix with which no rate does more than begin to learn (trains to 0.43)": [
    108,
    "targets",
    [],
  ],
  "does not count a fix with which only a higher rate learns (trains to 0.30)": [664, "frozen", []],
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
