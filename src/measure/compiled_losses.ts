import type { LayersModel } from "../engine/tensorflow.ts";
import { LOSSES } from "../traits/losses.ts";
import { lossSettings } from "../model/loss_functions.ts";
import type { LossFunction } from "../model/objective.ts";
import type { OutputLoss } from "./resolve_objective.ts";

/** Fields that `model.compile` sets; TensorFlow.js declares half of them private. */
export interface Compiled {
  loss?: unknown;
  /**
   * As passed to `compile`: one, a list for every output, or an object of them by the names of
   * outputs.
   */
  metrics?: ToldMetrics | Record<string, ToldMetrics> | null;
  lossFunctions?: unknown[];
  /**
   * Functions evaluated in addition to the loss, and their outputs: with several outputs the loss
   * of each comes first.
   */
  metricsTensors?: [call: LossFunction, output: number][];
  outputNames?: string[];
  /** Inner model to which a `tf.sequential()` delegates. */
  model?: Compiled;
}

type ToldMetrics = string | LossFunction | (string | LossFunction)[];

export function compiledPart(model: LayersModel): Compiled {
  const compiled = model as unknown as Compiled;
  return compiled.model ?? compiled;
}

/** Returns the loss of one output as it was passed to `compile`. */
function givenLoss(loss: unknown, i: number, output: string): unknown {
  if (typeof loss !== "object" || loss === null) return loss;
  return Array.isArray(loss) ? loss[i] : (loss as Record<string, unknown>)[output];
}

/**
 * Returns the losses that a model was compiled with, one per output (`null` for an output that is
 * not trained): by name, if it was given by name.
 *
 * @returns The losses, or `null` if the model was not compiled.
 */
export function compiledLosses(model: LayersModel): OutputLoss[] | null {
  const { loss, lossFunctions, outputNames = [] } = compiledPart(model);
  if (!Array.isArray(lossFunctions)) return null;
  const losses = lossFunctions.map((resolved, i): OutputLoss => {
    const told = givenLoss(loss, i, outputNames[i]);
    const name = LOSSES.find((name) => name === told);
    // A head with the weight 0 is not trained.
    if (typeof told === "function" && lossSettings(told as LossFunction)?.weight === 0) return null;
    return name ?? (typeof resolved === "function" ? resolved as LossFunction : null);
  });
  return losses.some((loss) => loss !== null) ? losses : null;
}
