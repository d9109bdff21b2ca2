import type { LayersModel } from "../engine/tensorflow.ts";
import { LOSSES } from "../model/objective.ts";
import { type LossFunction, lossSettings } from "../model/loss_functions.ts";
import type { OutputLoss } from "./resolve_objective.ts";

/** What `model.compile` leaves behind; TensorFlow.js declares half of it private. */
export interface Compiled {
  loss?: unknown;
  /** As they were told: one, a list for every output, or an object of them by the names of outputs. */
  metrics?: ToldMetrics | Record<string, ToldMetrics> | null;
  lossFunctions?: unknown[];
  /** What is evaluated beside the loss, and of which output: with several outputs the loss of each comes first. */
  metricsTensors?: [call: LossFunction, output: number][];
  outputNames?: string[];
  /** A `tf.sequential()` delegates to an inner model. */
  model?: Compiled;
}

type ToldMetrics = string | LossFunction | (string | LossFunction)[];

/** What of a model was compiled. */
export function compiledPart(model: LayersModel): Compiled {
  const compiled = model as unknown as Compiled;
  return compiled.model ?? compiled;
}

/**
 * The losses that a model was compiled with, one per output (`null` for an output that is not trained): by
 * name, where that is how it was told.
 *
 * @returns The losses, or `null` where the model was not compiled.
 */
export function compiledLosses(model: LayersModel): OutputLoss[] | null {
  const { loss, lossFunctions, outputNames = [] } = compiledPart(model);
  if (!Array.isArray(lossFunctions)) return null;
  const losses = lossFunctions.map((resolved, i): OutputLoss => {
    const told = typeof loss !== "object" || loss === null
      ? loss
      : Array.isArray(loss)
      ? loss[i]
      : (loss as Record<string, unknown>)[outputNames[i]];
    const name = LOSSES.find((name) => name === told);
    // A head with the weight 0 is not trained.
    if (typeof told === "function" && lossSettings(told as LossFunction)?.weight === 0) return null;
    return name ?? (typeof resolved === "function" ? resolved as LossFunction : null);
  });
  return losses.some((loss) => loss !== null) ? losses : null;
}
