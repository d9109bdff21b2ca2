import { assert } from "@std/assert";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import type { Trial } from "../../../src/core/probe/trial.ts";
import type { TrialOptions } from "../../../src/core/probe/open_trial.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { sums } from "../../networks/trained_models.ts";

export const healthy = () => exerciseModel({ std: 1 / Math.sqrt(20) });

export async function tried(
  model: LayersModel,
  batch: Batch,
  options?: TrialOptions,
): Promise<Trial> {
  const trial = await tryTraining(model, batch, options);
  assert("verdict" in trial, JSON.stringify(trial));
  return trial;
}

export function compiled(
  model: LayersModel,
  args: Parameters<LayersModel["compile"]>[0],
): LayersModel {
  model.compile(args);
  return model;
}

export const houses = (tf: TensorFlow) => {
  const { inputs, targets } = sums(tf);
  return { inputs, targets: tf.tidy(() => tf.add(2e5, tf.mul(targets, 5e4))) };
};
