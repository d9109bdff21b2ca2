import type { LayersModel } from "../engine/tensorflow.ts";

/** Kind of a setting of a compiled program that a saved model may have and this package may lack. */
export type Setting = "loss" | "optimizer";

/** Setting of the compiled program that was not reproduced, so that another one took its place. */
export interface NotReproduced {
  /** Kind of setting. */
  setting: Setting;
  /** Name of the setting in the program: `Huber`, `Adam with ExponentialDecay`. */
  name: string;
  /** Setting that took its place: `the sum of the outputs`, `Adam`. */
  substitute: string;
}

/** Replaced setting before the objective of a pass is known: `null` for the objective. */
type ReplacedSetting = Omit<NotReproduced, "substitute"> & { substitute: string | null };

const replaced = new WeakMap<LayersModel, ReplacedSetting[]>();

/** Records that a model was saved with a setting that it does not have now. */
export function noteNotReproduced(model: LayersModel, one: ReplacedSetting): void {
  replaced.set(model, [...replaced.get(model) ?? [], one]);
}

/** Returns the settings that a model was saved with and does not have. */
export function notReproducedIn(model: LayersModel): readonly ReplacedSetting[] {
  return replaced.get(model) ?? [];
}
