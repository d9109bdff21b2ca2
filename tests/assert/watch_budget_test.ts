import { assert, assertEquals } from "@std/assert";
import { WatchBudget } from "../../src/assert/watch_budget.ts";

/** A training of steps of 20 ms under a monitor that takes what it can afford. */
function spend({ steps, known, share = 0.05, signals = 0.4, verdict = 0.1 }: {
  steps: number;
  known: boolean;
  share?: number;
  signals?: number;
  verdict?: number;
}) {
  let time = 0;
  const budget = new WatchBudget({ share, now: () => time });
  if (known) budget.steps = steps;
  const work = (kind: "step" | "judge" | "again" | "pass", cost: number) => {
    time += cost;
    budget.charge(kind, cost);
  };
  const seen = { step: 0, again: 0, pass: 1 };
  work("pass", 30);
  budget.resume();
  for (let i = 0; i < steps; i++) {
    const isActive = budget.affordsStep();
    const isAgain = budget.affords("again");
    time += 20;
    if (isActive) work("step", signals);
    if (isAgain) work("again", 8);
    budget.endStep((isActive ? signals : 0) + (isAgain ? 8 : 0));
    const isPassed = budget.affords("pass");
    if (isPassed) work("pass", 30);
    work("judge", verdict);
    seen.step += Number(isActive);
    seen.again += Number(isAgain);
    seen.pass += Number(isPassed);
    budget.resume();
  }
  work("pass", 30);
  return { ...seen, spent: budget.spent, share: budget.spent / (20 * steps) };
}

Deno.test("WatchBudget keeps 5 % of a training, with the pass at its end", () => {
  for (const steps of [400, 600, 3000]) {
    const { share, step } = spend({ steps, known: true });
    assert(share < 0.0501 && share > 0.04, `${steps}: ${share}`);
    assert(step > 0.99 * steps, `${steps}: ${step}`);
  }
});

Deno.test("WatchBudget keeps what the verdicts of the steps to come cost", () => {
  const { share } = spend({ steps: 600, known: true, verdict: 0.3 });
  assert(share < 0.0501, `${share}`);
});

Deno.test("WatchBudget lets a short training cost 0.4 s", () => {
  const { spent } = spend({ steps: 100, known: true });
  assert(spent > 300 && spent <= 400, `${spent}`);
});

Deno.test("WatchBudget keeps half of it for the signals of the steps, and thins them if they cost more", () => {
  const { step, share, pass } = spend({ steps: 3000, known: true, signals: 2 });
  assert(step > 700 && step < 900, `${step}`);
  assert(share < 0.051 && pass > 1, `${share}, ${pass}`);
});

Deno.test("WatchBudget gives an unknown length 0.4 s, and then the share of what has passed", () => {
  for (const verdict of [0.1, 0.3]) {
    const { share } = spend({ steps: 400, known: false, verdict });
    assert(share > 0.04 && share < 0.0501, `${share}`);
  }
  assert(spend({ steps: 3000, known: false }).share < 0.0501);
});

Deno.test("WatchBudget pays in advance for a training whose length is known", () => {
  const passes = (known: boolean) => spend({ steps: 30_000, known }).pass;
  assert(passes(true) > 1.5 * passes(false) || passes(true) > 100, `${passes(true)}`);
});

Deno.test("WatchBudget takes no first step for the length of a training, since it takes longest", () => {
  let time = 0;
  const budget = new WatchBudget({ share: 0.05, now: () => time });
  budget.steps = 400;
  budget.charge("pass", 130);
  const afterStep = (milliseconds: number) => {
    budget.resume();
    time += milliseconds;
    budget.endStep(0);
    return budget.affords("pass", { pass: 1 });
  };
  // Three passes of 130 ms are more than 5 % of 400 steps of 20 ms, and less than those of 100 ms.
  assertEquals([afterStep(100), afterStep(20)], [false, false]);
  assertEquals(budget.affords("pass"), true);
});

Deno.test("WatchBudget affords all with a share of 1", () => {
  const { step, again, pass } = spend({ steps: 50, known: false, share: 1 });
  assertEquals([step, again, pass], [50, 50, 51]);
});
