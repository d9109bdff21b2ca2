import { batchIndependence } from "../../src/core/rules/trained/batch_independence.ts";
import { causality } from "../../src/core/rules/trained/causality.ts";
import type { Finding } from "../../src/core/rules/finding.ts";
import { numericGradients } from "../../src/core/rules/trained/numeric_gradients.ts";
import { inputDependence } from "../../src/core/rules/trained/input_dependence.ts";
import { lossReduction } from "../../src/core/rules/trained/loss_reduction.ts";
import { overfitsBatch } from "../../src/core/rules/trained/overfits_batch.ts";
import { THRESHOLDS } from "../../src/core/rules/register_rule.ts";
import { updateRatio } from "../../src/core/rules/trained/update_ratio.ts";
import { weightsChange } from "../../src/core/rules/trained/weights_change.ts";
import { weightsFrozen } from "../../src/core/rules/trained/weights_frozen.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import type { Batch } from "../../src/core/model/batches/batch.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import {
  probeBatchIndependence,
  probeCausality,
  probeInputDependence,
} from "../../src/core/probe/probe_dependence.ts";
import { probeGradients } from "../../src/core/probe/probe_gradients.ts";
import { probeLoss } from "../../src/core/probe/probe_loss.ts";
import { probeOverfit, probeStep } from "../../src/core/probe/probe_step.ts";
import { buildControl, type Control, STYLES } from "../networks/controls.ts";
import type { Counts } from "./count_findings.ts";

const OBJECTIVE = "meanSquaredError";

/** Rules over a model and a batch, each with what it finds. The slow one is apart. */
const QUICK: Record<string, (model: LayersModel, batch: Batch) => Promise<Finding[]>> = {
  "input-dependence": async (model, batch) =>
    inputDependence.run(await probeInputDependence(model, batch)),
  "batch-independence": async (model, batch) =>
    batchIndependence.run(await probeBatchIndependence(model, batch)),
  "loss-reduction": async (model, batch) =>
    lossReduction.run(await probeLoss(model, batch, { objective: OBJECTIVE })),
  "numeric-gradients": async (model, batch) =>
    numericGradients.run(await probeGradients(model, batch, { objective: OBJECTIVE })),
  "weights-change": async (model, batch) =>
    weightsChange.run(await probeStep(model, batch, { objective: OBJECTIVE })),
  "weights-frozen": async (model, batch) =>
    weightsFrozen.run(await probeStep(model, batch, { objective: OBJECTIVE })),
  "update-ratio": async (model, batch) =>
    updateRatio.run(await probeStep(model, batch, { objective: OBJECTIVE })),
};

const SLOW: typeof QUICK = {
  "overfits-batch": async (model, batch) =>
    overfitsBatch.run(
      await probeOverfit(model, batch, {
        objective: OBJECTIVE,
        steps: THRESHOLDS.overfitSteps.default,
        targetLoss: THRESHOLDS.overfitLoss.default,
      }),
    ),
};

/** Counts the networks that the rules over a model and a batch have something against. */
export async function countModelFindings(
  engine: Engine,
  control: Control,
  { seeds, slow = false, examples = 32 }: {
    seeds: readonly number[];
    slow?: boolean;
    examples?: number;
  },
): Promise<Counts> {
  const counts: Counts = { networks: 0, rules: new Map() };
  for (const seed of seeds) {
    const style = STYLES[seed % STYLES.length];
    const model = buildControl(engine.tf, control, { style, task: OBJECTIVE, seed });
    // Something is frozen, so that weights-frozen has something to say.
    if (!slow) model.layers[model.layers.length >> 1].trainable = false;
    const batch = randomBatch(model, { seed, examples, objective: OBJECTIVE });
    counts.networks++;
    for (const [rule, findings] of Object.entries(slow ? SLOW : QUICK)) {
      add(counts, rule, await findings(model, batch), seed);
    }
    engine.tf.dispose([batch.inputs, batch.targets ?? []]);
    model.dispose();
  }
  return counts;
}

/** The same for causality, on convolutions that are causal and recurrent layers. */
export async function countCausalFindings(
  { tf }: Engine,
  seeds: readonly number[],
): Promise<Counts> {
  const counts: Counts = { networks: 0, rules: new Map() };
  for (const seed of seeds) {
    const first = seed % 2 === 0
      ? tf.layers.conv1d({ filters: 8, kernelSize: 3, padding: "causal", inputShape: [12, 4] })
      : tf.layers.lstm({ units: 8, returnSequences: true, inputShape: [12, 4] });
    const model = tf.sequential({ layers: [first, tf.layers.dense({ units: 2 })] });
    const random = new SeededRandom(seed, "weights");
    tf.tidy(() =>
      model.setWeights(
        model.getWeights().map(({ size, shape }) => tf.tensor(random.normals(size, 0.3), shape)),
      )
    );
    const batch = randomBatch(model, { seed });
    counts.networks++;
    add(counts, "causality", causality.run(await probeCausality(model, batch)), seed);
    tf.dispose(batch.inputs);
    model.dispose();
  }
  return counts;
}

function add({ rules }: Counts, rule: string, findings: Finding[], seed: number): void {
  const count = rules.get(rule) ?? { errors: 0, warnings: 0, seeds: [] };
  rules.set(rule, count);
  if (findings.some(({ severity }) => severity === "error")) {
    count.errors++;
    count.seeds.push(seed);
  } else if (findings.some(({ severity }) => severity === "warning")) count.warnings++;
}
