import { InputError } from "../../../src/ground/words/input_error.ts";
import type { GradientComparison } from "../../../src/core/probe/probe_gradients.ts";
import type { WeightStep } from "../../../src/core/probe/probe_step.ts";
import { MODEL_RULES, RULES } from "../../../src/core/rules/rules.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { batchIndependence } from "../../../src/core/rules/trained/batch_independence.ts";
import { causality } from "../../../src/core/rules/trained/causality.ts";
import { inputDependence } from "../../../src/core/rules/trained/input_dependence.ts";
import { lossReduction } from "../../../src/core/rules/trained/loss_reduction.ts";
import { numericGradients } from "../../../src/core/rules/trained/numeric_gradients.ts";
import { overfitsBatch } from "../../../src/core/rules/trained/overfits_batch.ts";
import { updateRatio } from "../../../src/core/rules/trained/update_ratio.ts";
import { weightsChange } from "../../../src/core/rules/trained/weights_change.ts";
import { weightsFrozen } from "../../../src/core/rules/trained/weights_frozen.ts";
import { makeComparison, makeStep, SUBJECT } from "../../networks/probes.ts";
import { severities } from "./severities.ts";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";

const losses = (once: number, twice: number, options?: RuleOptions) =>
  severities(lossReduction.run({ ...SUBJECT, once, twice }, options));

Deno.test("lossReduction fails above lossReductionTolerance and passes at it", () => {
  assertEquals(losses(1, 1.0099), []);
  assertEquals(losses(1, 1.0101), ["error"]);
  assertEquals(losses(-1, -0.9899), ["error"]);
  assertEquals(losses(0, 0), []);
  assertEquals(losses(0, 1), ["error"]);
  assertEquals(losses(1, 2, { lossReductionTolerance: 1 }), []);
});

Deno.test("lossReduction leaves a loss that is not finite to the rule non-finite", () => {
  assertEquals(losses(NaN, NaN), []);
  assertEquals(losses(Infinity, Infinity), []);
});

function gradients(
  weight: GradientComparison,
  given: { activations?: string[]; layers?: string[] } = {},
) {
  const { activations = ["tanh"], layers = ["Dense"] } = given;
  const probe = { ...SUBJECT, resolution: 1e-9, activations, layers, weights: [weight] };
  return severities(numericGradients.run(probe));
}

Deno.test("numericGradients fails above numericGradientTolerance and passes at it", () => {
  assertEquals(gradients(makeComparison([1.0019, 1.0019, 1.0019])), []);
  assertEquals(gradients(makeComparison([1.0021, 1.0021, 1.0021])), ["error"]);
  assertEquals(gradients(makeComparison([0.9979, 0.9979, 0.9979])), ["error"]);
});

Deno.test("numericGradients allows more where there are kinks", () => {
  for (
    const kinked of [
      { activations: ["relu"] },
      { activations: ["prelu"] },
      { activations: ["selu"] },
      { layers: ["Dense", "MaxPooling2D"] },
      { layers: ["Maximum"] },
    ]
  ) {
    assertEquals(gradients(makeComparison([1.0099, 1.0099, 1.0099]), kinked), []);
    assertEquals(gradients(makeComparison([1.0101, 1.0101, 1.0101]), kinked), ["error"]);
  }
});

Deno.test("numericGradients takes the quotient of the side without the kink", () => {
  const weight = makeComparison([1.1, 1.1, 1.1]);
  const oneSided = {
    ...weight,
    differences: weight.differences.map((row) => ({ ...row, backward: 1 })),
  };
  assertEquals(gradients(oneSided, { activations: ["relu"] }), []);
  assertEquals(gradients(oneSided), ["error"]);
});

Deno.test("numericGradients gives no verdict where the quotients do not agree", () => {
  assertEquals(gradients(makeComparison([1.5, 1.3, 1.1])), ["note"]);
  assertEquals(gradients(makeComparison([1.5, 1.1, 1.1])), ["note"]);
  assertEquals(gradients(makeComparison([1.3, 1.1, 1.1, 1.1])), ["error"]);
  const unresolved = makeComparison([0, 0, 0], { analytic: 1e-9, scale: 1e-9 });
  assertEquals(gradients(unresolved), ["note"]);
});

Deno.test("numericGradients fails a gradient that is missing", () => {
  assertEquals(gradients(makeComparison([1, 1, 1], { analytic: 0, scale: 0 })), ["error"]);
  assertEquals(gradients(makeComparison([0], { analytic: 0, scale: 0 })), []);
  // Then the quotients say how large it should be.
  const [{ measured }] = numericGradients.run({
    ...SUBJECT,
    resolution: 1e-9,
    activations: [],
    layers: [],
    weights: [makeComparison([2, 2, 2], { analytic: 0, scale: 0 })],
  });
  assertEquals(measured, 1);
});

const leak = (change: number, rms = 1) => ({
  name: "output",
  rms,
  rows: 4,
  examples: [{ example: 0, change: 0 }, { example: 3, change }],
  cuts: [{ step: 0, change: 0 }, { step: 1, change }],
});

Deno.test("batchIndependence and causality fail above leakTolerance and pass at it", () => {
  const independence = (one: ReturnType<typeof leak>, options?: RuleOptions) =>
    severities(batchIndependence.run({ ...SUBJECT, outputs: [one] }, options));
  const causal = (one: ReturnType<typeof leak>, options?: RuleOptions) =>
    severities(causality.run({ ...SUBJECT, steps: 3, outputs: [one] }, options));
  for (const judge of [independence, causal]) {
    assertEquals(judge(leak(1e-6)), []);
    assertEquals(judge(leak(1.01e-6)), ["error"]);
    assertEquals(judge(leak(1.01e-6, 2)), []);
    assertEquals(judge(leak(0, 0)), []);
    assertEquals(judge(leak(NaN)), ["error"]);
    assertEquals(judge(leak(0.5), { leakTolerance: 0.5 }), []);
  }
  assertEquals(independence({ ...leak(0), rows: 1 }), ["error"]);
});

Deno.test("batchIndependence and causality measure a change in the output's rms, or as it is where that is 0", () => {
  for (const [rms, expected] of [[4, 0.25], [0, 1]]) {
    const probes = { ...SUBJECT, steps: 3, outputs: [leak(1, rms)] };
    const [independence] = batchIndependence.run(probes);
    const [causal] = causality.run(probes);
    assertEquals([independence.measured, causal.measured], [expected, expected]);
    const drawn = [...batchIndependence.figure.rows(probes), ...causality.figure.rows(probes)];
    assertEquals(drawn.map(({ label, value }) => [label, value]), [
      ["output[0]", 0],
      ["output[3]", expected],
      ["output, step 0", 0],
      ["output, step 1", expected],
    ]);
  }
});

Deno.test("causality names the step that leaks most, and how many do", () => {
  const cuts = [0.1, 0.4, 0, 0.2].map((change, step) => ({ step, change }));
  const outputs = [{ name: "output", rms: 1, cuts }];
  const [{ message, measured }] = causality.run({ ...SUBJECT, steps: 5, outputs });
  assertEquals(measured, 0.4);
  assertMatch(message, /up to step 1 .* at 3 of 4 steps/);
});

Deno.test("inputDependence names the input that is not used and the output that is constant", () => {
  const judge = (...rows: [changes: number[], alike?: boolean][]) =>
    inputDependence.run({
      ...SUBJECT,
      outputs: ["mean", "scale"],
      inputs: rows.map(([changes, alike = false], i) => ({ name: `x${i + 1}`, alike, changes })),
    });
  assertEquals(judge([[0.1, 0]], [[0, 1e-30]]), []);
  assertMatch(judge([[0.1, 0.1]], [[0, 0]])[0].message, /^No output changes with the input x2;/);
  assertMatch(judge([[0.1, 0]], [[0.2, 0]])[0].message, /^The output scale stays the same/);
  assertEquals(judge([[0, 0]], [[0, 0]]).map(({ message }) => message.slice(0, 15)), [
    "The output mean",
    "The output scal",
  ]);
  assertEquals(severities(judge([[0, 0], true])), ["note"]);
  assertEquals(severities(judge([[0, 0], true], [[1, 1]])), ["note"]);
});

const step = (given: Partial<WeightStep>) => ({
  ...SUBJECT,
  optimizer: "Adam",
  weights: [makeStep(given)],
});

Deno.test("updateRatio fails outside updateRatioMin to updateRatioMax and passes at them", () => {
  const ratio = (meanAbsUpdate: number, given: Partial<WeightStep> = {}, options?: RuleOptions) =>
    severities(updateRatio.run(step({ meanAbsUpdate, ...given }), options));
  assertEquals([ratio(1e-4), ratio(1e-1)], [[], []]);
  assertEquals([ratio(0.99e-4), ratio(1.01e-1), ratio(0)], [["error"], ["error"], ["error"]]);
  assertEquals(ratio(0.5, {}, { updateRatioMax: 0 }), []);
  assertEquals(ratio(NaN), ["error"]);
  for (const skipped of [{ shape: [4] }, { meanAbs: 0 }, { trainable: false }]) {
    assertEquals(ratio(1, skipped), []);
  }
});

Deno.test("weightsChange fails a trainable weight that stays, and warns of one that is late", () => {
  const change = (given: Partial<WeightStep>) => severities(weightsChange.run(step(given)));
  assertEquals(change({ changed: 1 }), []);
  assertEquals(change({ changed: 0, changedLater: 0 }), ["error"]);
  assertEquals(change({ changed: 0, changedLater: 1 }), ["warning"]);
  assertEquals(change({ changed: 0, changedLater: 0, trainable: false }), []);
  const recurrent = { name: "lstm/recurrent_kernel", changed: 0, changedLater: 0 };
  assertEquals(change(recurrent), ["error"]);
  // A network in which all but that kernel move ran for one step.
  const beside = (given: Partial<WeightStep>) => {
    const { weights, ...rest } = step(recurrent);
    return severities(weightsChange.run({ ...rest, weights: [...weights, makeStep(given)] }));
  };
  assertEquals(beside({ name: "lstm/kernel" }), ["warning"]);
  assertEquals(beside({ name: "lstm/kernel", changed: 1 }), ["warning"]);
  assertEquals(beside({ name: "lstm/kernel", changed: 0 }), ["error", "error"]);
  assertEquals(beside({ name: "lstm/kernel", layer: "other" }), ["error"]);
  assertEquals(beside({ name: "lstm/kernel", trainable: false }), ["error"]);
});

Deno.test("weightsFrozen fails a frozen weight of which one entry changes", () => {
  const frozen = (given: Partial<WeightStep>) =>
    severities(weightsFrozen.run(step({ trainable: false, ...given })));
  assertEquals(frozen({ frozen: true, changed: 0 }), []);
  assertEquals(frozen({ frozen: true, changed: 1 }), ["error"]);
  assertEquals(frozen({ frozen: false, changed: 1 }), []);
});

Deno.test("overfitsBatch fails above overfitLoss, or when the loss comes down too late", () => {
  const overfit = (losses: number[], options?: RuleOptions) =>
    overfitsBatch.run({ ...SUBJECT, optimizer: "Adam", losses }, options);
  assertEquals(overfit([1, 0.5, 0.01]), []);
  assertEquals(severities(overfit([1, 0.5, 0.0101])), ["error"]);
  assertEquals(overfit([1, 0.5], { overfitLoss: 0.5 }), []);
  assertEquals(severities(overfit([1, 0.5, 0.01], { overfitSteps: 1 })), ["error"]);
  assertThrows(
    () => overfit([1], { overfitSteps: 1.5 }),
    InputError,
    "options.overfitSteps is 1.5, expected a whole number",
  );
  assertMatch(overfit([1, NaN])[0].message, /is NaN after 1 step of/);
});

Deno.test("MODEL_RULES are documented and named unlike each other and the other rules", () => {
  const names = [...RULES, ...MODEL_RULES].map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const rule of MODEL_RULES) {
    for (
      const key of ["summary", "formula", "source", "misleads", "fix"] as const
    ) {
      assertMatch(rule[key]!, /\S.*\.$/s, `${rule.name}: ${key}`);
    }
    assertMatch(rule.assertion, /^assert[A-Z]/);
    // A stock loss is a mean whatever network it judges.
    assertEquals(rule.falsePositives === undefined, rule.name === "loss-reduction", rule.name);
  }
});
