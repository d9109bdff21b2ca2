import { callable, number, object, optional, requireValue } from "../../ground/words/shape.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { innerLayers } from "../model/layers/leaf_layers.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import { copyOf, keepModel, openProbe, probeObjective } from "./open_probe.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";
import { cloneOptimizer, disposeOptimizer, trainingStep, updateOf } from "./training_step.ts";
import { InputError } from "../../ground/words/input_error.ts";

/** Effect of a training step on one weight. */
export interface WeightStep {
  /** Path of the layer that owns it. */
  layer: string;
  /** Name of the weight. */
  name: string;
  /** Its shape. */
  shape: number[];
  /** True if training should move it. */
  trainable: boolean;
  /** True if its layer, or a model around it, is frozen. */
  frozen: boolean;
  /** Mean |entry| before the step. */
  meanAbs: number;
  /** Mean |change| by the step. */
  meanAbsUpdate: number;
  /** Number of entries that the step changed, bit by bit. */
  changed: number;
  /** Number of entries that two steps changed; `null` if one step was enough. */
  changedLater: number | null;
}

/** Effect of a training step on the weights. */
export interface StepProbe extends ProbeSubject {
  /** Minimised objective. */
  objective: { name: string };
  /** Class name of the optimizer. */
  optimizer: string;
  /** Changes, one per weight. */
  weights: WeightStep[];
}

/**
 * Takes one training step, and a second one if a trainable weight has not moved; then restores
 * weights and everything else. It steps with a copy of the optimizer.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The objective J, the optimizer or a custom step, and the seed for messages.
 * @returns The change of each weight, for the rules `update-ratio`, `weights-change` and
 * `weights-frozen`.
 * @throws {InputError} If the optimizer is not an optimizer, or the step is not a function, or if
 * the model or the batch is invalid.
 *
 * @example One step judged twice
 * ```ts
 * import { weightsChange, weightsFrozen } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeStep } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * const probe = await probeStep(model, batch, { objective: "meanSquaredError" });
 * assertEquals(weightsChange.run(probe), []);
 * assertEquals(weightsFrozen.run(probe), []);
 * model.dispose();
 * ```
 */
export async function probeStep(
  model: LayersModel,
  batch: Batch,
  options: ProbeOptions = {},
): Promise<StepProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, subject } = probe;
  requireValue("options.train", options.train, optional(callable));
  const objective = probeObjective(probe, options.objective);
  const optimizer = await cloneOptimizer(tf, model, options.optimizer);
  const weights = modelWeights(model);
  const frozen = frozenLayers(model);
  const read = () => weights.map(({ variable }) => copyOf(tf, variable.read()));
  const kept = keepModel(probe);
  const step = async () => {
    if (options.train === undefined) {
      return void trainingStep(kept, { objective, update: updateOf(optimizer) });
    }
    kept.rewind();
    await options.train(model, batch, optimizer);
  };
  try {
    const before = read();
    await step();
    const after = read();
    const isStill = (i: number) => weights[i].trainable && changes(before[i], after[i]) === 0;
    const later = weights.some((_, i) => isStill(i)) ? (await step(), read()) : null;
    return {
      ...subject,
      objective: { name: options.train?.name || objective.name },
      optimizer: optimizer.getClassName(),
      weights: weights.map(({ layerPath, weightName, variable, layer, trainable }, i) => ({
        layer: layerPath,
        name: weightName,
        shape: [...variable.shape] as number[],
        trainable,
        frozen: frozen.has(layer),
        meanAbs: meanAbs(before[i]),
        meanAbsUpdate: meanAbs(after[i].map((value, k) => value - before[i][k])),
        changed: changes(before[i], after[i]),
        changedLater: later === null ? null : changes(before[i], later[i]),
      })),
    };
  } finally {
    kept.restore();
    disposeOptimizer(optimizer);
  }
}

function changes(before: Float32Array, after: Float32Array): number {
  return before.reduce((count, value, k) => Object.is(value, after[k]) ? count : count + 1, 0);
}

function meanAbs(values: Float32Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, values.length);
}

/** Returns the leaf layers that are frozen, by themselves or by a model around them. */
function frozenLayers(model: LayersModel): Set<Layer> {
  const found = new Set<Layer>();
  const visit = (layers: Layer[], { trainable }: { trainable: boolean }) => {
    for (const layer of layers) {
      const own = { trainable: trainable && layer.trainable };
      const inner = innerLayers(layer);
      if (inner !== null) visit(inner, own);
      else if (!own.trainable) found.add(layer);
    }
  };
  visit(model.layers, model);
  return found;
}

/** Course of the loss of one batch when the model is trained on it repeatedly. */
export interface OverfitProbe extends ProbeSubject {
  /** Minimised objective. */
  objective: { name: string };
  /** Class name of the optimizer. */
  optimizer: string;
  /** Loss before each step, penalties of the layers included. */
  losses: number[];
}

/** Options of {@linkcode probeOverfit}: how to train, and when to stop. */
export interface OverfitOptions extends Pick<ProbeOptions, "objective" | "seed" | "optimizer"> {
  /** Maximum number of steps. */
  steps: number;
  /** Loss at which training stops. */
  targetLoss: number;
}

/**
 * Trains on one batch until its loss is low enough or the steps are used up, then restores the
 * model.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The loss, the optimizer, when to stop, and the seed the model was made under, for
 * messages.
 * @returns The loss before each step, for the rule `overfits-batch`.
 * @throws {InputError} If J is the sum of the outputs, which has no minimum, or if the model or the
 * batch is invalid.
 *
 * @example Five steps
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeOverfit } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * const options = { objective: "meanSquaredError", steps: 5, targetLoss: 0 } as const;
 * const { losses } = await probeOverfit(model, batch, options);
 * assertEquals(losses.length, 6);
 * model.dispose();
 * ```
 */
export async function probeOverfit(
  model: LayersModel,
  batch: Batch,
  options: OverfitOptions,
): Promise<OverfitProbe> {
  requireValue("options", options, object({ steps: number, targetLoss: number }));
  const { steps, targetLoss } = options;
  const probe = await openProbe(model, batch, options);
  const { tf, subject } = probe;
  const objective = probeObjective(probe, options.objective);
  if (objective.name === "sum") {
    throw new InputError({
      place: "options.objective",
      found: "the sum of the outputs, which has no least value to train to",
      expected: "a loss, or a model that was compiled with one",
    });
  }
  const optimizer = await cloneOptimizer(tf, model, options.optimizer);
  const update = updateOf(optimizer);
  const kept = keepModel(probe);
  try {
    const losses: number[] = [];
    for (let step = 0; step <= steps; step++) {
      const { loss, penalty } = trainingStep(kept, { objective, update });
      losses.push(loss + penalty);
      if (losses[step] <= targetLoss || !Number.isFinite(losses[step])) break;
    }
    return {
      ...subject,
      objective: { name: objective.name },
      optimizer: optimizer.getClassName(),
      losses,
    };
  } finally {
    kept.restore();
    disposeOptimizer(optimizer);
  }
}
