import type { Attempt, Trial } from "../../../src/core/probe/trial.ts";
import { describeTrial, trialResult } from "../../../src/core/rules/describe_trial.ts";
import { makeAttempt, makeLayer, makeTrial } from "../../networks/probes.ts";
import { assertEquals } from "@std/assert";

/** A trial of three rates that fails like this. */
function failing(attempt: Partial<Attempt>, given: Partial<Trial> = {}): Trial {
  const one = makeAttempt({ verdict: "fails", ...attempt });
  return makeTrial({ verdict: "fails", attempts: [one, one, one], ...given });
}

const loss = (first: number, last: number) => ({ loss: { first, last, least: last } });

const CASES: [string, Trial][] = [
  ["in 40 steps of Adam at a rate of 0.003, the loss falls from 2.5 to 0.5", makeTrial()],
  [
    "in 1 step of Adam, the loss falls from 2.5 to 0.5 (on random targets)",
    makeTrial({ attempts: [makeAttempt({ steps: 1, learningRate: null })], randomTargets: true }),
  ],
  [
    "in 40 steps of Adam at a rate of 0.003, the loss falls from 2.5 to 0.5 (the loss ignores the targets, so it " +
    "only has to fall)",
    makeTrial({ ignoresTargets: true, randomTargets: true, guess: null }),
  ],
  [
    "in 40 steps of Adam at a rate of 0.003, the loss falls from -1 to -2 (the loss ignores the targets, and " +
    "nothing says how low it can get)",
    makeTrial({
      ignoresTargets: true,
      guess: null,
      verdict: "undecided",
      attempts: [makeAttempt({ ...loss(-1, -2), verdict: "undecided" })],
    }),
  ],
  [
    "in 40 steps of Adam at a rate of 0.003, the loss falls from 90 to 0.5, but on examples held out it is 12 " +
    "times that of guessing",
    failing({ ...loss(90, 0.5), heldOut: 12 }, { reason: "by heart", best: 0 }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss stays at 2, which is no better than guessing",
    failing(loss(2.1, 2.0), { reason: "guessing" }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss falls from 2.5 to 2.2, where guessing gives 2",
    failing(loss(2.5, 2.2), { reason: "no progress" }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss falls from 1 to 0, which is no better than guessing",
    failing(loss(1, 0), { guess: 0 }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss rises from 2 to 3",
    failing(loss(2, 3), { guess: null }),
  ],
  [
    "1 of 2 layers hardly change: in 40 steps of Adam at 3 rates, the loss stays at 2, which is no better than " +
    "guessing",
    failing({ ...loss(2, 2), layers: [makeLayer(), makeLayer()], stillLayers: 1 }, {
      reason: "still layers",
    }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss stays at 2, which is no better than guessing, and the " +
    "gradient of the " +
    "penalties is 30 times that of the loss",
    failing({ ...loss(2, 2), penalty: { first: 1, last: 1, gradientRatio: 30 } }, {
      reason: "penalties",
    }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss falls from 2.5 to 2, and 40 % of the examples are " +
    "classified correctly",
    failing({ ...loss(2.5, 2), verdict: "slow", accuracy: 0.4 }, { verdict: "slow" }),
  ],
  [
    "in 40 steps of Adam at 3 rates, the loss is not finite after 1 step",
    failing({ nonFiniteStep: 1 }, { reason: "not finite" }),
  ],
  [
    "in 40 steps of Adam at a rate of 0.003, the loss stays at 0.67, and 90 % of the examples are " +
    "classified correctly",
    makeTrial({ attempts: [makeAttempt({ ...loss(0.69, 0.67), accuracy: 0.9 })] }),
  ],
  [
    "the loss of the first step is not finite",
    failing({ nonFiniteStep: 0, loss: { first: 2, last: 2, least: 2 } }),
  ],
  [
    "the loss is NaN before the first step",
    failing({ nonFiniteStep: 0, loss: { first: NaN, last: NaN, least: NaN } }),
  ],
  [
    "no weight is trainable, so nothing can be learned",
    makeTrial({ verdict: "fails", reason: "frozen", attempts: [], best: null }),
  ],
  [
    "in 7 steps of SGD at a rate of 50, the loss is not finite after 6 steps; in 40 steps of Adam at a " +
    "rate of 0.003, the loss falls from 2.5 to 0.5",
    makeTrial({
      attempts: [
        makeAttempt({
          optimizer: "SGD",
          learningRate: 50,
          given: true,
          steps: 7,
          nonFiniteStep: 6,
          verdict: "fails",
        }),
        makeAttempt(),
      ],
      best: 1,
    }),
  ],
  [
    "in 40 steps of SGD and Adam at 2 rates, the loss stays at 2, which is no better than guessing",
    makeTrial({
      verdict: "fails",
      attempts: [
        makeAttempt({ optimizer: "SGD", given: true, verdict: "fails", ...loss(2, 2) }),
        makeAttempt({ verdict: "fails", ...loss(2, 2) }),
      ],
    }),
  ],
];

for (const [said, trial] of CASES) {
  Deno.test(`describeTrial() says: ${said}`, () => assertEquals(describeTrial(trial), said));
}

Deno.test("describeTrial() says on how many examples, and that the budget ended the trial", () => {
  const attempts = [makeAttempt({ verdict: "undecided", cut: true, fit: 0.1 })];
  const trial = makeTrial({ verdict: "undecided", attempts, untried: 2, examples: 8, guess: null });
  assertEquals(
    describeTrial(trial),
    "in 40 steps of Adam at a rate of 0.003, the loss falls from 2.5 to 0.5 (on 8 examples, as far as the budget " +
      "goes: raise it with --trial-budget)",
  );
});

Deno.test("trialResult() begins a line with what came out", () => {
  assertEquals(trialResult("learns"), "Trial passed");
  assertEquals(trialResult("learns", "slow"), "Trial passed");
  assertEquals(trialResult("learns", "fails"), "Trial failed as compiled, passed at another rate");
  assertEquals(trialResult("slow"), "Trial passed in part");
  assertEquals(trialResult("fails", "fails"), "Trial failed");
  assertEquals(trialResult("undecided"), "Trial undecided");
  assertEquals(trialResult("skipped"), "Trial skipped");
});

Deno.test("describeTrial() says why a trial was skipped", () => {
  assertEquals(
    describeTrial({ skipped: "It would take 20 s.", seconds: 20 }),
    "It would take 20 s",
  );
});
