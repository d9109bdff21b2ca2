import { assert, assertEquals } from "@std/assert";
import { stepsOfFit, WatchBudget } from "../../../src/training/monitor/watch_budget.ts";

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

/** Asserts that a budget affords some work after `most` milliseconds of other work, and not after more. */
function assertMost(
  most: number,
  ask: (budget: WatchBudget) => boolean,
  prepare: (budget: WatchBudget, pass: (milliseconds: number) => void) => void,
) {
  const answer = (other: number) => {
    let time = 500;
    const budget = new WatchBudget({ share: 0.05, now: () => time });
    prepare(budget, (milliseconds) => time += milliseconds);
    budget.charge("other", other);
    // The other work takes its time too.
    time += other;
    return ask(budget);
  };
  assertEquals([answer(most), answer(most + 0.01)], [true, false], `${most}`);
}

const pass = (budget: WatchBudget) => budget.affords("pass");

/** A pass of 30 ms and a second look of 8 ms, both once. */
const charge = (budget: WatchBudget) => {
  budget.charge("pass", 30);
  budget.charge("again", 8);
};

/** Ends this many steps that take no time. */
const endSteps = (budget: WatchBudget, count: number) => {
  for (let i = 0; i < count; i++) budget.endStep(0);
};

Deno.test("WatchBudget affords work that leaves the pass at the end, and what is reserved", () => {
  assertMost(400 - 3 * 30, pass, (budget) => budget.charge("pass", 30));
  assertMost(400 - 38 - 8 - 30, (budget) => budget.affords("again"), charge);
  const reserved = { pass: 1, again: 2 };
  assertMost(400 - 38 - 8 - 2 * 8 - 2 * 30, (budget) => budget.affords("again", reserved), charge);
  const all = new WatchBudget({ share: 1, now: () => 0 });
  all.charge("pass", 1e9);
  assertEquals([all.affords("pass"), all.affordsStep()], [true, true]);
});

Deno.test("WatchBudget takes for the cost of some work the last one, and at most twice the one before", () => {
  const after = (...costs: number[]) => (budget: WatchBudget) => {
    for (const cost of costs) budget.charge("pass", cost);
  };
  assertMost(400 - 130 - 2 * 60, pass, after(30, 100));
  assertMost(400 - 75 - 2 * 45, pass, after(30, 45));
  assertMost(400 - 40 - 2 * 10, pass, after(30, 10));
});

Deno.test("WatchBudget keeps the signals and verdicts of the steps to come, and half of it for signals", () => {
  const after = (steps: number, signals: number[], judge = 0) => (budget: WatchBudget) => {
    budget.steps = steps;
    budget.charge("pass", 30);
    for (const cost of signals) budget.charge("step", cost);
    if (judge > 0) budget.charge("judge", judge);
  };
  assertMost(400 - 90 - 1 - 10, pass, after(10, [1]));
  assertMost(400 - 90 - 1 - 10 - 2 - 20, pass, after(10, [1], 2));
  // Half of the budget is paid to the signals, less what they have taken, but not less than nothing.
  assertMost(400 - 90 - 50 - 150, pass, after(10, [50]));
  assertMost(400 - 90 - 250, pass, after(10, [50, 50, 50, 50, 50]));
  assertMost(400 - 90 - 1, pass, (budget) => {
    after(1, [1])(budget);
    endSteps(budget, 3);
  });
});

Deno.test("WatchBudget affords the signals of a step up to its last millisecond, and thins them", () => {
  const step = (budget: WatchBudget) => budget.affordsStep();
  const after = (signals: number[]) => (budget: WatchBudget) => {
    budget.steps = 10;
    budget.charge("pass", 30);
    budget.charge("judge", 2);
    for (const cost of signals) budget.charge("step", cost);
  };
  // Time spent so far, the verdicts to come, the pass at the end and this step.
  assertMost(400 - 33 - 20 - 30 - 1, step, after([1]));
  const signals = (count: number) => {
    const budget = new WatchBudget({ share: 0.05, now: () => 0 });
    after(Array(count).fill(1))(budget);
    return step(budget);
  };
  assertEquals([signals(199), signals(200)], [true, false]);
  const thinned = new WatchBudget({ share: 0.05, now: () => 0 });
  thinned.steps = 101;
  thinned.charge("step", 4);
  const seen = Array.from({ length: 8 }, () => {
    const isActive = thinned.affordsStep();
    thinned.endStep(0);
    return isActive;
  });
  // Of 196 ms, 4 ms for each of 101, 100, 99, 98 ... steps: every third of the first, then every second.
  assertEquals(seen, [true, false, false, false, true, false, true, false]);
});

Deno.test("WatchBudget knows the length of a training after two steps, by the shorter", () => {
  const after =
    (times: number[], within = 0) => (budget: WatchBudget, wait: (ms: number) => void) => {
      budget.steps = 1000;
      budget.charge("pass", 30);
      wait(30);
      for (const time of times) {
        budget.resume();
        wait(time);
        budget.endStep(within);
      }
    };
  assertMost(400 - 90, pass, after([20]));
  assertMost(1000 - 90, pass, after([20, 20]));
  assertMost(1000 - 90, pass, after([50, 20]));
  assertMost(600 - 90, pass, after([20, 20], 8));
});

Deno.test("WatchBudget takes a training of unknown length for one of 8 s, then for what has passed", () => {
  const after =
    (time: number, judge: number) => (budget: WatchBudget, wait: (ms: number) => void) => {
      budget.charge("pass", 30);
      budget.charge("judge", judge);
      wait(30 + judge);
      if (time === 0) return;
      budget.resume();
      wait(time);
      budget.endStep(0);
    };
  // Without a step, nobody knows how many will come.
  assertMost(400 - 90 - 0.5, pass, after(0, 0.5));
  assertMost(400 - 90 - 0.5 - 0.5 * 7980 / 20, pass, after(20, 0.5));
  // No step takes less than a millisecond.
  assertMost(400 - 90 - 0.01 - 0.01 * 7999.5, pass, after(0.5, 0.01));
  // After 10 s no step is to come, and 5 % of them may be taken.
  assertMost(500 - 90 - 0.5, pass, after(10_000, 0.5));
});

Deno.test("WatchBudget affords a second look in every other of the first steps, and passes after them", () => {
  const look = (budget: WatchBudget) => budget.affordsLook();
  const after = (done: number) => (budget: WatchBudget) => {
    charge(budget);
    endSteps(budget, done);
  };
  assertMost(400 - 38 - 8 - 30, look, after(0));
  assertMost(400 - 38 - 8 - 2 * 8 - 2 * 30, look, after(2));
  assertMost(400 - 38 - 8 - 30, look, after(4));
  const looks = (done: number) => {
    const budget = new WatchBudget({ share: 0.05, now: () => 0 });
    after(done)(budget);
    return look(budget);
  };
  assertEquals([1, 3, 17, 18, 19, 20, 22].map(looks), [
    false,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
  const passes = (budget: WatchBudget) => budget.affordsPass();
  assertMost(400 - 38 - 30 - 5 * 8 - 2 * 30, passes, after(0));
  assertMost(400 - 38 - 30 - 0.5 * 8 - 2 * 30, passes, after(18));
  assertMost(400 - 38 - 30 - 30, passes, after(20));
  assertMost(400 - 38 - 30 - 30, passes, after(24));
});

Deno.test("stepsOfFit() counts the epochs to come, and learns their length in the first one", () => {
  const steps = (over: Partial<Parameters<typeof stepsOfFit>[0]>) =>
    stepsOfFit({ epochs: 10, first: 3, epoch: 3, batches: 5, done: 0, ...over });
  assertEquals(steps({}), 35);
  assertEquals(steps({ first: 0, epoch: 0 }), 50);
  assertEquals(steps({ epoch: 5, done: 10 }), 35);
  assertEquals(steps({ epochs: null }), null);
  // The first two epochs had 8 batches, 4 each.
  assertEquals(steps({ batches: null }), null);
  assertEquals(steps({ batches: null, epoch: 5, done: 8 }), 28);
});
