import type { Engine } from "../engine/engine.ts";
import { prepareEngine } from "../engine/start/prepare_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { requireMeasurable, requireMeasureOptions } from "./require_arguments.ts";
import { MeasureError, type MeasureOptions } from "./measure_options.ts";
import type { Measurements } from "./measurements.ts";
import { Pass } from "./pass.ts";
import { type PassPlan, planPass } from "./plan_pass.ts";

/** Models whose layers are tapped now: a callback of a pass may not measure them again. */
const measuring = new WeakSet<LayersModel>();

/**
 * Runs the pass that {@linkcode measure} describes, on a running engine. It is synchronous, so that
 * nothing can change the model while its layers are tapped.
 */
export function runPass(
  engine: Engine,
  model: LayersModel,
  batch: Batch,
  options: MeasureOptions,
): Measurements {
  requireMeasureOptions(options);
  return withPass(engine, { model, batch, options }, (pass) => pass.run());
}

export interface PassSubject {
  model: LayersModel;
  batch: Batch;
  options: MeasureOptions;
}

/**
 * Prepares a pass, and cleans up after it.
 *
 * @param subject The model, the batch, and the options, which are checked already.
 * @param use Runs the pass, and returns its findings.
 */
export function withPass<Found>(
  engine: Engine,
  { model, batch, options }: PassSubject,
  use: (pass: Pass, plan: PassPlan) => Found,
): Found {
  requireMeasurable(model, batch);
  prepareEngine(engine, model);
  if (measuring.has(model)) {
    throw new MeasureError(`Model ${model.name} is being measured: wait until that pass is over`);
  }
  const plan = planPass(engine.tf, model, batch, options);
  measuring.add(model);
  try {
    using pass = new Pass(engine, plan);
    return use(pass, plan);
  } finally {
    measuring.delete(model);
  }
}
