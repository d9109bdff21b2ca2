import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  judgeTried,
  patienceWith,
  trialOptionsOf,
  weighTrial,
} from "../../../../src/core/diagnosis/examine/try_findings.ts";
import type { Measurements } from "../../../../src/core/measure/measurements.ts";
import type { Attempt, Trial } from "../../../../src/core/probe/trial.ts";
import { flat, makeHead, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { makeAttempt, makeLayer, makeTrial } from "../../../networks/probes.ts";
import { finding } from "../../../networks/sample.ts";

const scale = finding("dense_1", { rule: "init-scale" });
const rate = finding(null, { rule: "learning-rate" });

const severities = (trial: Trial, ...findings: Parameters<typeof weighTrial>[0]) =>
  weighTrial(findings, trial).map(({ severity }) => severity);

Deno.test("weighTrial() makes errors of a network that learns warnings, and says so", () => {
  const trial = makeTrial();
  const [weighed] = weighTrial([scale], trial);
  assertEquals(weighed.severity, "warning");
  assertMatch(weighed.message, /Only a warning, because the network learns its batch: /);
  const slow = makeTrial({ verdict: "slow", attempts: [makeAttempt({ verdict: "slow" })] });
  assertMatch(
    weighTrial([scale], slow)[0].message,
    /because the network begins to learn its batch/,
  );
  for (const verdict of ["fails", "undecided"] as const) {
    assertEquals(severities(makeTrial({ verdict }), scale), ["error"]);
  }
  assertEquals(weighTrial([scale], null), [scale]);
  assertEquals(weighTrial([scale], { skipped: "it takes long", seconds: 99 }), [scale]);
});

Deno.test("weighTrial() leaves notes, warnings, and what it cannot judge", () => {
  const kept = [
    finding("a", { rule: "init-scale", severity: "note" }),
    finding("a", { rule: "init-scale", severity: "warning" }),
    finding("a", { rule: "my-rule" }),
    { ...scale, unjudged: true as const },
  ];
  assertEquals(weighTrial(kept, makeTrial()), kept);
});

Deno.test("weighTrial() lets no other rate speak for the compiled one", () => {
  const given = (verdict: Attempt["verdict"]) =>
    makeTrial({ attempts: [makeAttempt(), makeAttempt({ given: true, verdict })] });
  assertEquals(severities(given("fails"), rate, scale), ["error", "warning"]);
  assertEquals(severities(given("slow"), rate, scale), ["warning", "warning"]);
  assertEquals(severities(makeTrial(), rate), ["warning"]);
  // At the compiled rate the loss rises.
  const said = (verdict: Attempt["verdict"]) => weighTrial([scale], given(verdict))[0].message;
  assertMatch(said("fails"), /because the network learns its batch at another rate: /);
  assertMatch(said("slow"), /because the network learns its batch: /);
});

Deno.test("weighTrial() believes no rate that learns late where the compiled one fails", () => {
  const late = (steps: number, givenVerdict: Trial["givenVerdict"]) =>
    severities(makeTrial({ givenVerdict, attempts: [makeAttempt({ steps })] }), scale);
  assertEquals([late(81, "fails"), late(80, "fails"), late(81, "slow")], [
    ["error"],
    ["warning"],
    ["warning"],
  ]);
  const [said, note] = weighTrial(
    [scale, finding("a", { rule: "init-scale", severity: "note" })],
    makeTrial({ givenVerdict: "fails", attempts: [makeAttempt({ steps: 81 })] }),
  );
  assertMatch(said.message, /too late to say otherwise/);
  assertEquals(/too late/.test(note.message), false);
});

Deno.test("weighTrial() counts only errors of both kinds as a signal that dies both ways", () => {
  const gradient = finding("a", { rule: "vanishing-gradients" });
  const small = finding("a", { rule: "activation-scale", kind: "too-small" });
  const late = makeTrial({ attempts: [makeAttempt({ steps: 81 })] });
  assertEquals(severities(late, gradient, small), ["error", "error"]);
  const warned = { ...gradient, severity: "warning" as const };
  assertEquals(severities(late, warned, small), ["warning", "warning"]);
});

Deno.test("weighTrial() leaves only errors about a hopeless loss, where no classes are told apart", () => {
  const figures = { loss: { value: 3000, unit: "J" }, high: { value: 2, unit: "J" } };
  const loss = finding(null, { rule: "initial-loss", figures });
  assertEquals(severities(makeTrial(), loss), ["error"]);
  assertEquals(severities(makeTrial(), { ...loss, rule: "init-scale" }), ["warning"]);
  assertEquals(severities(makeTrial(), { ...loss, figures: undefined }), ["warning"]);
  const warned = { ...loss, severity: "warning" as const };
  const classes = makeTrial({ attempts: [makeAttempt({ accuracy: 1 })] });
  assertEquals(weighTrial([warned], classes), [warned]);
  const exact = { ...figures, loss: { value: 2000, unit: "J" } };
  assertEquals(severities(makeTrial(), { ...loss, figures: exact }), ["warning"]);
});

/** Measurements of an input of which this share of the second moment differs. */
function withSpread(spread: number | null | undefined): Measurements {
  const measurements = makeMeasurements();
  const [input] = measurements.batch.perInput;
  return {
    ...measurements,
    batch: { ...measurements.batch, perInput: [{ ...input, spread }] },
  };
}

Deno.test("patienceWith() trusts a late start if examples differ, and a soon one beside another error", () => {
  const of = (rule: string, kind?: string, over = {}) =>
    patienceWith({
      measurements: makeMeasurements(),
      found: [finding("a", { rule, ...kind === undefined ? {} : { kind }, ...over })],
    });
  assertEquals(of("vanishing-gradients", "severed"), true);
  assertEquals([of("regularization", "dropout"), of("regularization", "stacked-dropout")], [
    true,
    true,
  ]);
  assertEquals(of("regularization", "penalties"), 2);
  assertEquals(of("regularization"), 2);
  assertEquals(of("init-scale"), 2);
  assertEquals(of("init-scale", "too-large", { severity: "warning" }), true);
  const spread = (share: number | null | undefined) =>
    patienceWith({ measurements: withSpread(share), found: [] });
  assertEquals([0.009, 0.01, null, undefined].map(spread), [false, true, true, true]);
});

Deno.test("trialOptionsOf() hands on the seed, the objective unless it is the sum, and the steps", () => {
  assertEquals(trialOptionsOf({ objective: undefined }, { mode: "auto", seed: null }), {
    always: false,
    budgetSeconds: undefined,
  });
  assertEquals(trialOptionsOf({ objective: "sum" }, { mode: "always", seed: 0 }), {
    seed: 0,
    always: true,
    budgetSeconds: undefined,
  });
  assertEquals(trialOptionsOf({ objective: "hinge" }, { mode: 30, budgetSeconds: 5 }), {
    objective: "hinge",
    steps: 30,
    always: false,
    budgetSeconds: 5,
  });
});

/** Returns the findings of a trial on a network without an error. */
function shown(trial: Trial, measurements = makeMeasurements()) {
  const { findings, shown } = judgeTried({ measurements, found: [] }, trial);
  const one = shown ?? findings.at(-1);
  return one === undefined ? null : `${one.severity} ${one.kind}`;
}

/** A trial that fails. */
const failing = (given: Partial<Attempt> = {}, reason: Trial["reason"] = "no progress") =>
  makeTrial({
    verdict: "fails",
    reason,
    attempts: [makeAttempt({ verdict: "fails", fit: 0.05, ...given })],
  });

Deno.test("judgeTried() finds that a network does not learn, unless the pass has found an error", () => {
  assertEquals(shown(makeTrial()), null);
  assertEquals(shown(failing()), "error no-progress");
  assertEquals(shown(failing({}, null)), "error fails");
  const measurements = makeMeasurements();
  const judged = (
    found: Parameters<typeof weighTrial>[0],
    trial: Parameters<typeof judgeTried>[1],
  ) => judgeTried({ measurements, found }, trial);
  assertEquals(judged([scale], failing()), { findings: [scale], shown: null });
  assertEquals(judged([], null), { findings: [], shown: null });
  assertEquals(judged([], { skipped: "", seconds: 1 }), { findings: [], shown: null });
  const warning = { ...scale, severity: "warning" as const };
  assertEquals(judged([warning], failing()).shown?.severity, "error");
});

/** Measurements of a network of 400 weights and this many answers. */
const ofAnswers = (answers: number, dropout?: number, over: object = {}) =>
  makeMeasurements([], {
    layers: [
      ...makeMeasurements([{ dropout, ...over }]).layers.slice(0, 1),
      makeHead({
        weights: [makeWeight({ trainable: false })],
        activations: answers === 0 ? null : { ...flat(1, 32), count: answers },
      }),
    ],
  });

/** Finding of a trial that learned at no rate, and of which nothing else says why. */
const OPEN = "warning not-learned";

Deno.test("judgeTried() only warns of a failure that proves little: dropout, few weights, or layers bypassed", () => {
  // 4 weights for each of 100 answers.
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(100)), "error no-progress");
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(101)), OPEN);
  assertEquals(shown(failing({ fit: 0.09 }), ofAnswers(101)), "error no-progress");
  assertEquals(shown(failing({ fit: null }), ofAnswers(101)), "error no-progress");
  const three = { weights: [makeWeight({ shape: [3] })] };
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(0, 0, three)), "error no-progress");
  const more = { weights: [makeWeight(), ...three.weights] };
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(101, 0, more)), OPEN);
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(100, 0.2)), OPEN);
  assertEquals(shown(failing({ fit: 0.1 }), ofAnswers(100, 0)), "error no-progress");
  assertEquals(shown(failing({ fit: 0.1 }, "guessing"), ofAnswers(101, 0.2)), "error guessing");
  const still = (stillLayers: number) =>
    shown(failing({ stillLayers, layers: [makeLayer(), makeLayer()] }, "still layers"));
  assertEquals([still(1), still(2)], [OPEN, "error still-layers"]);
});

Deno.test("judgeTried() calls no network healthy that learned at no rate", () => {
  const ended = (verdict: Trial["verdict"], last: number) =>
    makeTrial({
      verdict,
      guess: 2,
      attempts: [makeAttempt({ verdict, loss: { first: 2, last, least: last } })],
    });
  assertEquals(shown(ended("slow", 1.2)), OPEN);
  // At the level of guessing, and below.
  assertEquals([shown(ended("undecided", 2)), shown(ended("undecided", 1))], [OPEN, null]);
  assertEquals(shown(ended("learns", 1)), null);
  // A warning makes it weak already, and an error more than that.
  for (const severity of ["warning", "error"] as const) {
    const found = [{ ...scale, severity }];
    assertEquals(judgeTried({ measurements: makeMeasurements(), found }, ended("slow", 1)), {
      findings: weighTrial(found, ended("slow", 1)),
      shown: null,
    });
  }
  const { findings: [{ message, fix }] } = judgeTried(
    { measurements: makeMeasurements(), found: [] },
    ended("slow", 1.2),
  );
  assert(message.startsWith("The trial does not show that the network learns: in "), message);
  assert(fix.includes("--trial-budget 60"), fix);
});

/** A trial in which the compiled rate fails, and another one learns. */
function beside(
  given: Partial<Attempt>,
  { steps = 40, guess = 2, learningRate = 0.003 }: {
    steps?: number;
    guess?: number | null;
    learningRate?: number | null;
  } = {},
) {
  const fails = makeAttempt({
    given: true,
    verdict: "fails",
    learningRate: 0.0001,
    loss: { first: 4, last: 3, least: 3 },
    ...given,
  });
  return makeTrial({ guess, attempts: [fails, makeAttempt({ steps, learningRate })], best: 1 });
}

/** Losses before the first step and after the last one. */
const loss = (first: number, last: number) => ({ loss: { first, last, least: last } });

Deno.test("judgeTried() finds a compiled rate that is stuck where another one learns", () => {
  assertEquals(shown(beside({})), null);
  assertEquals(shown(beside({ verdict: "slow", nonFiniteStep: 3 })), null);
  const stuck = "error learning-rate";
  assertEquals(shown(beside({ nonFiniteStep: 3 })), stuck);
  assertEquals([shown(beside(loss(2, 3))), shown(beside(loss(2, 3.1)))], [null, stuck]);
  assertEquals([shown(beside(loss(1000, 1001))), shown(beside(loss(1000, 1000.5)))], [null, stuck]);
  assertEquals(shown(beside(loss(1000, 999.5))), stuck);
  const still = [makeLayer({ moved: 0 })];
  assertEquals(shown(beside({ layers: still })), stuck);
  // Below the usual rates a loss that falls by less than 2 % stands.
  const low = (last: number) => shown(beside({ learningRate: 1e-9, ...loss(50, last) }));
  assertEquals([low(49.5), low(49)], [stuck, null]);
});

Deno.test("judgeTried() finds a compiled rate above all usual ones, unless a higher one learns", () => {
  const high = (rates: [compiled: number, learns: number], given: Partial<Attempt> = {}) =>
    shown(beside({ learningRate: rates[0], ...given }, { learningRate: rates[1] }));
  assertEquals(high([50, 0.003]), "error learning-rate");
  assertEquals(high([50, 50]), "error learning-rate");
  assertEquals(high([50, 60]), null);
  assertEquals(high([50, 60], { optimizer: "SGD" }), "error learning-rate");
});

Deno.test("judgeTried() finds a rate that has not learned in many more steps than another", () => {
  const repeated = (given: Partial<Attempt>, others = {}) =>
    shown(beside({ repeated: true, ...given }, others));
  // It guesses, or its loss has hardly fallen.
  assertEquals(repeated(loss(4, 2)), "error learning-rate");
  assertEquals(repeated(loss(10, 9.1)), "error learning-rate");
  assertEquals(repeated(loss(10, 9)), "warning learning-rate");
  assertEquals(repeated(loss(4, 2), { guess: null }), "warning learning-rate");
  assertEquals(repeated({ verdict: "slow", ...loss(4, 2) }), "warning learning-rate");
  assertEquals(repeated({ verdict: "learns" }), null);
  // The other one learns late, too.
  assertEquals(repeated(loss(4, 2), { steps: 100 }), "error learning-rate");
  assertEquals(repeated(loss(4, 2), { steps: 101 }), "warning learning-rate");
  // Numbers that started more than 10 times above guessing, which is a loss of 2, and are still above it.
  assertEquals(repeated(loss(20.1, 3)), "error learning-rate");
  assertEquals(repeated(loss(20, 3)), "warning learning-rate");
  assertEquals(repeated(loss(20.1, 1.8)), "warning learning-rate");
  assertEquals(repeated({ ...loss(20.1, 3), accuracy: 0.5 }), "warning learning-rate");
  assertEquals(repeated(loss(4, 3), { steps: 81 }), null);
  assertEquals(shown(beside(loss(4, 2))), null);
});

Deno.test("judgeTried() advises the rate that learns, or the optimizer if its rate is unknown", () => {
  const fix = (learningRate: number | null) =>
    judgeTried(
      { measurements: makeMeasurements(), found: [] },
      beside({ nonFiniteStep: 3 }, { learningRate }),
    ).shown!.fix;
  assertEquals(fix(0.003), "Train the network with Adam at a learning rate of 0.003.");
  assertEquals(fix(null), "Train the network with Adam.");
  const untold = makeTrial({ attempts: [makeAttempt({ nonFiniteStep: 3, verdict: "fails" })] });
  assertEquals(shown(untold), null);
  const undecided = { ...beside({ nonFiniteStep: 3 }), verdict: "undecided" as const };
  assertEquals(shown(undecided), null);
});
