import { assertEquals } from "@std/assert";
import { type Attempt, countStill, judgeAttempt, judgeTrial } from "../../src/probe/trial.ts";
import { makeAttempt, makeLayer } from "../networks/probes.ts";

const GUESS = 2;

const judged = (given: Partial<Attempt>, canBeFitted = true) =>
  judgeAttempt(makeAttempt(given), { canBeFitted });

Deno.test("judgeAttempt() goes by the fit", () => {
  assertEquals(judged({ fit: 0.5 }), "learns");
  assertEquals(judged({ fit: 0.49 }), "slow");
  assertEquals(judged({ fit: 0.3 }), "slow");
  assertEquals(judged({ fit: 0.29 }), "fails");
});

Deno.test("judgeAttempt() knows no more than that the loss falls where it has no scale", () => {
  const loss = (last: number) => ({ fit: null, loss: { first: -1, last, least: last } });
  assertEquals(judged(loss(-2)), "undecided");
  assertEquals(judged(loss(-1)), "fails");
});

Deno.test("judgeAttempt() does not blame a network for targets that cannot be fitted", () => {
  assertEquals(judged({ fit: 0.5 }, false), "learns");
  assertEquals(judged({ fit: 0.4 }, false), "undecided");
  assertEquals(judged({ fit: 0 }, false), "undecided");
  assertEquals(judged({ fit: 0, nonFiniteStep: 3 }, false), "fails");
});

Deno.test("judgeAttempt() takes what hardly moves for no learning", () => {
  const layers = (still: number, moved = 0.05) => {
    const all = [0, 1, 2, 3].map((i) => makeLayer({ moved: i < still ? moved : 1 }));
    return { layers: all, stillLayers: countStill(all) };
  };
  assertEquals(judged({ fit: 0.9, ...layers(2) }), "learns");
  assertEquals(judged({ fit: 0.9, ...layers(3) }), "slow");
  assertEquals(judged({ fit: 0.9, ...layers(3, 0.051) }), "learns");
  assertEquals(judged({ fit: 0.3, ...layers(2) }), "slow");
  assertEquals(judged({ fit: 0.3, ...layers(3) }), "fails");
});

Deno.test("judgeAttempt() fails what its penalties drown", () => {
  const penalty = (gradientRatio: number | null) => ({
    fit: 0.9,
    penalty: { first: 9, last: 9, gradientRatio },
  });
  assertEquals(judged(penalty(20)), "learns");
  assertEquals(judged(penalty(20.1)), "fails");
  assertEquals(judged(penalty(null)), "learns");
});

const trial = (...given: Partial<Attempt>[]) =>
  judgeTrial(given.map(makeAttempt), { guess: GUESS });

Deno.test("judgeTrial() goes by the attempt that came furthest", () => {
  const fails = { verdict: "fails", fit: 0.1 } as const;
  const slow = { verdict: "slow", fit: -2 } as const;
  assertEquals(trial(fails, slow, fails).best, 1);
  assertEquals(trial(fails, { ...fails, fit: 0.11 }).best, 1);
  assertEquals(trial(fails, fails).best, 0);
  assertEquals(trial({ verdict: "fails", fit: null }, fails).best, 1);
  const { verdict, givenVerdict } = trial({ ...fails, given: true }, { verdict: "learns", fit: 1 });
  assertEquals({ verdict, givenVerdict }, { verdict: "learns", givenVerdict: "fails" });
  assertEquals(trial(fails).givenVerdict, null);
});

Deno.test("judgeTrial() names the reason", () => {
  const fails = { verdict: "fails", fit: 0 } as const;
  const ends = (last: number) => ({ ...fails, loss: { first: 2.5, last, least: last } });
  const layers = [makeLayer({ moved: 0 })];
  assertEquals(trial({ ...fails, nonFiniteStep: 1 }).reason, "not finite");
  const penalty = { first: 9, last: 9, gradientRatio: 25 };
  assertEquals(trial({ ...fails, penalty }).reason, "penalties");
  assertEquals(trial({ ...fails, layers, stillLayers: 1 }).reason, "still layers");
  assertEquals(trial(ends(2.09)).reason, "guessing");
  assertEquals(trial(ends(2.11)).reason, "no progress");
  const slow = { verdict: "slow", fit: 0.3 } as const;
  assertEquals(trial(slow).reason, null);
  assertEquals(trial({ ...slow, layers, stillLayers: 1 }).reason, "still layers");
  assertEquals(trial({ verdict: "learns", layers, stillLayers: 1 }).reason, null);
});

Deno.test("judgeTrial() takes no network for one that learns that learned fewer than 8 examples for lack of time", () => {
  const learns = makeAttempt({ verdict: "learns", fit: 0.6 });
  const on = (examples?: number) =>
    judgeTrial([learns], { guess: GUESS, ...examples === undefined ? {} : { examples } }).verdict;
  assertEquals([on(), on(8), on(7)], ["learns", "learns", "undecided"]);
  const broken = makeAttempt({ verdict: "fails", nonFiniteStep: 2 });
  const { verdict, reason } = judgeTrial([broken], { guess: GUESS, examples: 2 });
  assertEquals([verdict, reason], ["fails", "not finite"]);
});
