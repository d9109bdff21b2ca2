import { InputError } from "../words/input_error.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { keepModel, openProbe, probeObjective } from "./open_probe.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";
import { cloneOptimizer, disposeOptimizer, trainingStep, updateOf } from "./training_step.ts";
import { number, object, requireValue } from "../words/shape.ts";

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
