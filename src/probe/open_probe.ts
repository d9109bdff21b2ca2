import type { Engine } from "../engine/engine.ts";
import { prepareEngine } from "../engine/prepare_engine.ts";
import { runningEngine } from "../engine/running_engine.ts";
import { ensureEngine } from "../engine/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { checkBatch } from "../measure/check_arguments.ts";
import { compiledLosses } from "../measure/compiled_losses.ts";
import {
  type ResolvedObjective,
  resolveLosses,
  resolveObjective,
} from "../measure/resolve_objective.ts";
import type { Batch } from "../model/batch.ts";
import type { Objective } from "../model/objective.ts";
import type { ProbeSubject } from "./probe_subject.ts";
import { requireModel } from "../model/require_model.ts";
import type { ProbeOptions } from "./probe_options.ts";
import { number, object, optional, orNull, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/** Model and batch of a probe, already validated. */
export interface OpenProbe {
  /** The engine. */
  engine: Engine;
  /** Its TensorFlow.js. */
  tf: TensorFlow;
  /** The model. */
  model: LayersModel;
  /** The given batch. */
  batch: Batch;
  /** Its inputs. */
  inputs: Tensor[];
  /** Its targets, if it has any. */
  targets: Tensor[] | null;
  /** Number of examples. */
  examples: number;
  /** Description for messages. */
  subject: ProbeSubject;
}

/**
 * Validates the arguments of a probe, and starts the engine if none is running.
 *
 * @throws {TypeError} If the model is not a layers model, or the batch holds anything but tensors.
 * @throws {RangeError} If the batch does not suit the model, or the seed is not a whole number.
 */
export async function openProbe(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "seed">,
): Promise<OpenProbe> {
  requireValue("options", options, object);
  const { seed = null } = options;
  requireModel(model);
  if (typeof batch !== "object" || batch === null || batch.inputs == null) {
    throw new TypeError(`batch is ${kindOf(batch)}, expected an object with inputs`);
  }
  requireValue("batch.seed", batch.seed, optional(orNull(number)));
  if (seed !== null && !Number.isSafeInteger(seed)) {
    throw new RangeError(`options.seed is ${showValue(seed)}, expected a whole number`);
  }
  const inputs = [batch.inputs].flat();
  const targets = batch.targets == null ? null : [batch.targets].flat();
  const examples = checkBatch(model, inputs, targets);
  const engine = runningEngine() ?? await ensureEngine();
  prepareEngine(engine, model);
  return {
    engine,
    tf: engine.tf,
    model,
    batch,
    inputs,
    targets,
    examples,
    subject: {
      model: { name: model.name },
      seed,
      batch: { examples, seed: batch.seed ?? null },
    },
  };
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

/**
 * Returns the objective of a probe: the given one, the model's own losses, or the sum of the
 * outputs.
 *
 * @throws {RangeError} If it is a loss, and there are no targets.
 */
export function probeObjective(
  { tf, model, targets }: Pick<OpenProbe, "tf" | "model" | "targets">,
  given: Objective | undefined,
): ResolvedObjective {
  const losses = given === undefined ? compiledLosses(model) : null;
  return losses === null
    ? resolveObjective(tf, given ?? "sum", targets)
    : resolveLosses(tf, losses, targets);
}
