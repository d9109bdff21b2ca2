import type { Layer, Tensor } from "../engine/tensorflow.ts";
import { heapView } from "../engine/heap_view.ts";
import { MeasureError } from "../measure/measure_error.ts";
import { normalizedOnBatch } from "../measure/normalized_on_batch.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { wrapCall } from "../measure/tap.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import type { Fit, FitScale } from "./fit.ts";
import { countStill, judgeAttempt, LEARNS_FROM } from "./judge_trial.ts";
import { keepModel, type KeptProbe } from "./keep_model.ts";
import { LayerProgress, penaltyRatio } from "./layer_progress.ts";
import type { OpenProbe } from "./open_probe.ts";
import type { Rung } from "./rungs.ts";
import { outputsOf } from "./run_forward.ts";
import { type StepLoss, trainingStep } from "./training_step.ts";
import type { Attempt } from "./trial.ts";
import { errorMessage } from "../words/error_message.ts";

/**
 * Runs a model with dropout off and batch normalisation on the statistics of the batch: after some steps
 * the moving ones are still far from what they will be.
 *
 * @param see Looks at the outputs, which it may neither keep nor dispose, and their loss.
 * @returns What it saw.
 * @throws {MeasureError} If the loss cannot be evaluated.
 * @throws {RangeError} If the targets do not suit it.
 */
export function answer<T>(
  { tf, model, inputs, examples, rewind }: KeptProbe,
  objective: ResolvedObjective,
  see: (outputs: Tensor[], loss: number) => T,
): T {
  rewind();
  const layers = leafLayers(model).map(({ layer }) => layer);
  const takeBack = [...normalizedOnBatch(layers, examples, "training")].map((layer: Layer) =>
    wrapCall(layer, (call, inputs, kwargs) => call(inputs, { ...kwargs, training: true }))
  );
  let seen: T;
  try {
    tf.tidy(() => {
      const outputs = outputsOf(model, inputs);
      seen = see(outputs, heapView(tf, objective.evaluate(outputs))[0]);
    });
  } catch (error) {
    // Ours are about the batch, and say so.
    if (error instanceof RangeError || error instanceof MeasureError) throw error;
    throw new MeasureError(
      `${objective.name} of the outputs of ${model.name} cannot be evaluated: ${
        errorMessage(error)
      }`,
      { cause: error },
    );
  } finally {
    for (const step of takeBack) step();
  }
  return seen!;
}

/** Whether the time is up: called before each step. */
export type TimeIsUp = () => boolean;

/**
 * Trains from the very weights until the batch is fitted, the loss is not finite or the steps are used up,
 * and puts everything back. Synchronous, so that nobody sees the model while it is another one.
 *
 * @returns What came of it, or `null` where the time was up before.
 */
export function attempt(
  probe: OpenProbe,
  objective: ResolvedObjective,
  scale: FitScale,
  { rung, steps, isUp }: { rung: Rung; steps: number; isUp: TimeIsUp },
): Attempt | null {
  const { tf, model } = probe;
  const kept = keepModel(probe);
  const progress = new LayerProgress(tf, model);
  const look = () =>
    answer(kept, objective, (outputs, loss) => ({ loss, ...scale.of(outputs, loss) }));
  const taken: StepLoss[] = [];
  let made: ReturnType<Rung["make"]> | null = null;
  try {
    const { update } = made = rung.make();
    const first = look();
    let last: Fit & { loss: number } = first;
    let least = first.loss;
    let ratio: number | null = null;
    while (taken.length < steps && Number.isFinite(last.loss)) {
      if (isUp()) return null;
      let fit: number | null = null;
      let penalised = false;
      const step = trainingStep(
        kept,
        objective,
        (variables, gradients) => {
          progress.seeGradients(variables, gradients, taken.length);
          if (penalised) ratio = penaltyRatio(tf, model, variables, gradients);
          update(variables, gradients);
        },
        (outputs, { loss, penalty }) => {
          penalised = taken.length === 0 && penalty !== 0;
          fit = scale.of(outputs, loss).fit;
        },
      );
      taken.push(step);
      if (taken.length === 1) progress.seeFirstStep();
      if (step.loss < least) least = step.loss;
      const isEnd = taken.length === steps || !Number.isFinite(step.loss + step.penalty);
      if (isEnd || (fit ?? -1) >= LEARNS_FROM) last = look();
      if ((last.fit ?? -1) >= LEARNS_FROM) break;
    }
    const broken = taken.findIndex(({ loss, penalty }) => !Number.isFinite(loss + penalty));
    const isFinite = broken === -1 && Number.isFinite(last.loss);
    const layers = progress.layers();
    const outcome = {
      fit: last.fit,
      loss: { first: first.loss, last: last.loss, least: Math.min(least, last.loss) },
      penalty: {
        first: taken[0]?.penalty ?? 0,
        last: taken.at(-1)?.penalty ?? 0,
        gradientRatio: ratio,
      },
      nonFiniteStep: isFinite ? null : broken === -1 ? taken.length : broken,
      layers,
      stillLayers: countStill(layers),
    };
    return {
      optimizer: rung.optimizer,
      learningRate: rung.learningRate,
      given: rung.given,
      steps: taken.length,
      accuracy: last.accuracy,
      ...outcome,
      verdict: judgeAttempt(outcome, scale.guess, scale.canBeFitted),
    };
  } finally {
    kept.restore();
    progress.dispose();
    made?.dispose();
  }
}
