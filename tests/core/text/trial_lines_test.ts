import { trialLines } from "../../../src/core/text/render_diagnosis.ts";
import { assertEquals } from "@std/assert";

Deno.test("the trial's figures are printed once, in a finding or in a line of their own", () => {
  const said = "in 300 steps of Adam at a rate of 0.001, the loss falls from 39 to 27.8";
  const trial = { verdict: "learns" as const, givenVerdict: "fails" as const, said };
  const result = "Trial failed as compiled, passed at another rate";
  const linesBeside = (message: string) =>
    trialLines({ trial, causes: [{ message }] }, { width: Infinity });
  assertEquals(linesBeside(`The network does not learn its batch: ${said}.`), [`${result}.`]);
  assertEquals(linesBeside("The kernel of dense_1 is too large."), [`${result}: ${said}.`]);
});

Deno.test("trialLines() says what the fixes did to the trial, and what rates did, if anything", () => {
  const trial = { verdict: "fails" as const, said: "nothing" };
  const lines = (given: object, rates?: object) =>
    trialLines({ trial: { ...trial, ...given }, rates: rates as never, causes: [] }, { width: 80 });
  assertEquals(lines({}), ["Trial failed: nothing."]);
  // The trial itself has shown what a fix of the rate does.
  assertEquals(lines({ fixed: "nothing", fixedVerdict: "learns" }), ["Trial failed: nothing."]);
  assertEquals(lines({ fixed: "it learns", fixedVerdict: "learns" }), [
    "Trial failed: nothing.",
    "Trial passed with the fixes: it learns.",
  ]);
  assertEquals(lines({}, { said: "Every rate." }), ["Trial failed: nothing.", "Every rate."]);
  const none = { trial: undefined, rates: undefined, causes: [] };
  assertEquals(trialLines(none, { width: 80 }), []);
});
