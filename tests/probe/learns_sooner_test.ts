import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { learnsSooner } from "../../src/probe/learns_sooner.ts";
import type { Attempt, Trial } from "../../src/probe/trial.ts";
import { tryTraining } from "../../src/probe/try_training.ts";
import { type DenseFault, denseModel } from "../networks/ill_models.ts";

/** A network, and the comparison of its training with an earlier one that is made up. */
async function opened(fault: DenseFault) {
  const engine = await startEngine();
  const { model, batch } = denseModel(engine.tf, fault);
  const options = { objective: "meanSquaredError" as const };
  const trial = await tryTraining(model, batch, options) as Trial;
  const [own] = trial.attempts;
  assertEquals([trial.attempts.length, own.verdict], [1, "learns"]);
  const against = (earlier: Partial<Attempt>, taken = 0) =>
    learnsSooner(model, batch, options, {
      trial: { ...trial, attempts: [{ ...own, ...earlier }] },
      taken,
    });
  return { steps: own.steps, against, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

Deno.test("learnsSooner() tells two thirds of the steps from more", async () => {
  await using made = await opened({ inputs: (tf, x) => tf.mul(x, 16) });
  const { steps, against } = made;
  // An attempt that may go on notices in the next step that it has learned.
  const needed = steps - 1;
  // Below this, the least number of saved steps counts.
  assert(needed > 30);
  const least = Math.ceil(1.5 * needed);
  assertEquals(await against({ steps: least }), {
    sooner: { before: least, after: needed },
    steps: needed,
    isCut: false,
  });
  const { sooner, isCut } = await against({ steps: least - 1 });
  assertEquals([sooner, isCut], [null, false]);
});

Deno.test("learnsSooner() does not count fewer than fifteen steps", async () => {
  await using made = await opened({});
  const { steps, against } = made;
  const needed = steps - 1;
  assert(needed <= 30);
  const before = needed + 15;
  assertEquals((await against({ steps: before })).sooner, { before, after: needed });
  assertEquals((await against({ steps: before - 1 })).sooner, null);
});

Deno.test("learnsSooner() asks for clearly more of a network than of one that did not learn", async () => {
  await using made = await opened({ inputs: (tf, x) => tf.mul(x, 8) });
  const { steps, against } = made;
  assertEquals((await against({ steps, fit: 0.1 })).sooner, { before: steps, after: steps });
  // In half of the steps it is not yet there.
  assertEquals((await against({ steps: Math.floor(steps / 2), fit: 0.4 })).sooner, null);
});

Deno.test("learnsSooner() stays within what the budget leaves", async () => {
  await using made = await opened({});
  const { steps, against } = made;
  assertEquals(await against({ steps: 2 * steps + 10 }, 1e9), {
    sooner: null,
    steps: 0,
    isCut: true,
  });
});
