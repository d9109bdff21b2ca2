import { assertEquals } from "@std/assert";
import { type AttemptPlan, climb } from "../../../src/core/probe/try_training.ts";
import type { Rung } from "../../../src/core/probe/rungs.ts";
import type { Attempt } from "../../../src/core/probe/trial.ts";
import { makeAttempt } from "../../networks/probes.ts";

const ladder = [3e-3, 1e-2, 1e-3].map((learningRate) => ({ learningRate }) as Rung);

/** Climbs with attempts that fail at guessing, unless they are told otherwise, and says what was asked for. */
async function climbed(
  options: Partial<Parameters<typeof climb>[1]>,
  outcome: (plan: AttemptPlan, place: number) => Partial<Attempt> = () => ({}),
) {
  const asked: [number, number, boolean][] = [];
  const given = { steps: 40, left: 1e4, guess: 2, patience: 7.5, ...options };
  const done = await climb(ladder, given, (plan) => {
    asked.push([plan.steps, plan.most, plan.isShort]);
    const loss = { first: 2.1, last: 2, least: 2 };
    const failed = { verdict: "fails", fit: 0, loss, steps: plan.steps } as const;
    return Promise.resolve(makeAttempt({ ...failed, ...outcome(plan, asked.length - 1) }));
  });
  return { asked, ...done! };
}

const fits = (_: AttemptPlan, place: number) => ({ fit: [0.01, 0.02, 0][place] ?? 0 });

Deno.test("climb() gives the best of attempts that guess 7.5 times the steps, and counts it if it learns", async () => {
  const late = await climbed(
    {},
    (plan, place) => plan.steps === 300 ? { verdict: "learns", fit: 0.6 } : fits(plan, place),
  );
  assertEquals(late.asked.map(([steps]) => steps), [40, 40, 40, 300]);
  assertEquals(late.attempts.map(({ verdict }) => verdict), ["fails", "learns", "fails"]);
  const slow = await climbed(
    {},
    (plan, place) => plan.steps === 300 ? { verdict: "slow", fit: 0.4 } : fits(plan, place),
  );
  assertEquals(slow.attempts.map(({ verdict }) => verdict), ["fails", "fails", "fails"]);
});

Deno.test("climb() gives no more steps to what does not guess, or fails for another reason", async () => {
  const loss = (first: number, last: number) => () => ({ loss: { first, last, least: last } });
  const reasons: ((plan: AttemptPlan, place: number) => Partial<Attempt>)[] = [
    loss(2.1, 2.2),
    loss(400, 1.9),
    () => ({ stillLayers: 1 }),
    () => ({ nonFiniteStep: 3 }),
    () => ({ verdict: "slow" }),
  ];
  for (const reason of reasons) assertEquals((await climbed({}, reason)).asked.length, 3);
  assertEquals((await climbed({ patience: 0 })).asked.length, 3);
  assertEquals((await climbed({ guess: null })).asked.length, 3);
  // 120 steps are used, and 299 are left.
  assertEquals((await climbed({ left: 419 })).asked.length, 3);
});

Deno.test("climb() repeats what guesses as often as it has patience, unless it took as many steps", async () => {
  const learned = (plan: AttemptPlan, place: number): Partial<Attempt> =>
    place === 3 ? { verdict: "learns", fit: 0.6 } : fits(plan, place);
  const brief = await climbed({ patience: 2 }, learned);
  assertEquals(brief.asked.map(([steps]) => steps), [40, 40, 40, 80]);
  assertEquals(brief.attempts.map(({ verdict }) => verdict), ["fails", "learns", "fails"]);
  const long = (steps: number) =>
    climbed({ patience: 2 }, (plan, place) => place < 3 ? { ...fits(plan, place), steps } : {});
  assertEquals((await long(79)).asked.length, 4);
  assertEquals((await long(80)).asked.length, 3);
});

Deno.test("climb() lengthens an attempt by what those to come do not need, and leaves out what does not fit", async () => {
  const ample = await climbed({ patience: 0 });
  assertEquals(ample.asked, [[40, 120, false], [40, 120, false], [40, 120, false]]);
  const tight = await climbed({ left: 130 });
  assertEquals(tight.asked, [[40, 50, true], [40, 50, true], [40, 50, true]]);
  const few = await climbed({ left: 60 }, (plan) => ({ steps: plan.most }));
  assertEquals(few.asked, [[40, 40, true], [40, 20, true]]);
  assertEquals(few.untried, 1);
  // Nine steps show nothing.
  const least = await climbed({ left: 49 }, (plan) => ({ steps: plan.most }));
  assertEquals([least.asked.length, least.untried], [1, 2]);
});

Deno.test("climb() ends with the first attempt that learns", async () => {
  const { attempts, untried } = await climbed({}, () => ({ verdict: "learns" }));
  assertEquals([attempts.length, untried], [1, 0]);
});

Deno.test("climb() repeats a given rate that fails where another learns, if there are steps for it", async () => {
  const own = [{ ...ladder[0], given: true }, ladder[1]] as Rung[];
  const run = async (options: Partial<Parameters<typeof climb>[1]>, first: Partial<Attempt>) => {
    const steps: number[] = [];
    const limits = { steps: 40, left: 1e4, guess: 2, patience: 7.5, isThorough: true };
    const done = await climb(own, { ...limits, ...options }, (plan) => {
      steps.push(plan.steps);
      const loss = { first: 4, last: 2, least: 2 };
      const failed = { verdict: "fails", fit: 0, loss, steps: plan.steps } as const;
      const second = { verdict: "learns" } as const;
      const outcome = steps.length === 2 ? second : first;
      return Promise.resolve(makeAttempt({ ...failed, given: plan.rung.given, ...outcome }));
    });
    return { steps, repeated: done!.attempts[0].repeated };
  };
  assertEquals(await run({}, {}), { steps: [40, 40, 300], repeated: true });
  const short = { steps: [40, 40], repeated: undefined };
  assertEquals(await run({ isThorough: false }, {}), short);
  // 80 steps are used, and 299 are left.
  assertEquals(await run({ left: 379 }, {}), short);
  assertEquals(await run({ left: 380 }, {}), { steps: [40, 40, 300], repeated: true });
  // No number of steps helps.
  assertEquals(await run({}, { nonFiniteStep: 3 }), short);
  assertEquals(await run({}, { loss: { first: 4, last: 5, least: 4 } }), short);
  assertEquals(await run({}, { verdict: "slow" }), short);
  // Without a compiled rate there is nothing to doubt.
  assertEquals(await run({}, { given: false }), short);
});

Deno.test("climb() repeats a given rate also where others learn slowly or late", async () => {
  const own = [{ ...ladder[0], given: true }, ladder[1], ladder[2]] as Rung[];
  const run = async (outcomes: Partial<Attempt>[]) => {
    const rungs: number[] = [];
    const limits = { steps: 40, left: 1e4, guess: 2, patience: 7.5, isThorough: true };
    const done = await climb(own, limits, ({ rung, steps }) => {
      const loss = { first: 2.1, last: 2, least: 2 };
      const failed = { verdict: "fails", fit: 0, loss, steps, given: rung.given } as const;
      rungs.push(own.indexOf(rung));
      return Promise.resolve(makeAttempt({ ...failed, ...outcomes[rungs.length - 1] }));
    });
    return { rungs, verdicts: done!.attempts.map(({ verdict }) => verdict) };
  };
  assertEquals(await run([{}, { verdict: "slow" }, {}]), {
    rungs: [0, 1, 2, 0],
    verdicts: ["fails", "slow", "fails"],
  });
  // The second rate guesses as well, and learns late; the given one gets as many steps.
  assertEquals(await run([{}, { fit: 0.1 }, {}, { verdict: "learns" }, { verdict: "slow" }]), {
    rungs: [0, 1, 2, 1, 0],
    verdicts: ["slow", "learns", "fails"],
  });
  // The given one learns late.
  assertEquals(await run([{ fit: 0.1 }, {}, {}, { verdict: "learns" }]), {
    rungs: [0, 1, 2, 0],
    verdicts: ["learns", "fails", "fails"],
  });
});
