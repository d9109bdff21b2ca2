import type { WeightStep } from "../../../src/core/probe/probe_step.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
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
import { testMessages } from "./test_messages.ts";

const numeric = (...quotients: number[]) =>
  numericGradients.run({
    ...SUBJECT,
    resolution: 1e-9,
    layers: ["Dense"],
    activations: ["Dense", "tanh"],
    weights: [makeComparison(quotients)],
  });

const stepped = (given: Partial<WeightStep>) => ({
  ...SUBJECT,
  optimizer: "Adam",
  weights: [makeStep(given)],
});

const overfit = (losses: number[], options?: RuleOptions) =>
  overfitsBatch.run({ ...SUBJECT, optimizer: "Adam", losses }, options);

const depends = (changes: number[][], alike = false) =>
  inputDependence.run({
    ...SUBJECT,
    outputs: ["mean", "scale"],
    inputs: changes.map((row, i) => ({ name: `x${i + 1}`, alike, changes: row })),
  });

const SAID: Record<string, () => Finding[]> = {
  "loss-reduction": () => lossReduction.run({ ...SUBJECT, once: 1, twice: 2 }),
  "loss-reduction: from nothing": () => lossReduction.run({ ...SUBJECT, once: 0, twice: 2 }),
  "numeric-gradients": () => numeric(1.1, 1.1, 1.1),
  "numeric-gradients: no verdict": () => numeric(1.5, 1.3, 1.1),
  "batch-independence": () =>
    batchIndependence.run({
      ...SUBJECT,
      outputs: [{ name: "y", rms: 1, rows: 4, examples: [{ example: 2, change: 0.1 }] }],
    }),
  "batch-independence: rows": () =>
    batchIndependence.run({
      ...SUBJECT,
      outputs: [{ name: "y", rms: 1, rows: 1, examples: [{ example: 0, change: 0 }] }],
    }),
  "causality": () =>
    causality.run({
      ...SUBJECT,
      steps: 3,
      outputs: [{
        name: "y",
        rms: 1,
        cuts: [{ step: 0, change: 0.1 }, { step: 1, change: 0 }],
      }],
    }),
  "input-dependence: an input and an output": () => depends([[0.1, 0], [0, 0]]),
  "input-dependence: alike": () => depends([[0, 0]], true),
  "weights-change": () => weightsChange.run(stepped({ changed: 0, changedLater: 0 })),
  "weights-change: late": () => weightsChange.run(stepped({ changed: 0, changedLater: 3 })),
  "weights-change: one step of time": () =>
    weightsChange.run({
      ...SUBJECT,
      optimizer: "Adam",
      weights: [
        makeStep({ name: "rnn/kernel" }),
        makeStep({ name: "rnn/recurrent_kernel", changed: 0, changedLater: 0 }),
      ],
    }),
  "weights-frozen": () => weightsFrozen.run(stepped({ frozen: true })),
  "weights-frozen: a statistic": () =>
    weightsFrozen.run(stepped({ frozen: true, name: "norm/moving_mean" })),
  "update-ratio: small": () => updateRatio.run(stepped({ meanAbsUpdate: 1e-6 })),
  "update-ratio: large": () => updateRatio.run(stepped({ meanAbsUpdate: 2 })),
  "overfits-batch: slow": () => overfit([1, 0.5]),
  "overfits-batch: diverged": () => overfit([1, NaN]),
};

testMessages(import.meta, SAID);
