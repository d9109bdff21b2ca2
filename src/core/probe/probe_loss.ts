import { InputError } from "../../ground/words/input_error.ts";
import type { LayersModel, Tensor } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { evaluateObjective, keepModel, openProbe, probeObjective } from "./open_probe.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";

/** J on a batch, and on the same batch repeated twice. */
export interface LossProbe extends ProbeSubject {
  /** Evaluated objective. */
  objective: { name: string };
  /** J on the batch. */
  once: number;
  /** J on the batch and a copy of it, as one batch. */
  twice: number;
}

/**
 * Evaluates J on a batch, and on that batch repeated twice.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The objective J, and the seed the model was made under, for messages.
 * @returns J on both, for the rule `loss-reduction`.
 * @throws {InputError} If the model is built for batches of one size, or if the model or the batch
 * is invalid.
 *
 * @example A mean does not grow with the batch
 * ```ts
 * import { lossReduction } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeLoss } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * const probe = await probeLoss(model, batch, { objective: "meanSquaredError" });
 * assertEquals(lossReduction.run(probe), []);
 * model.dispose();
 * ```
 */
export async function probeLoss(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "objective" | "seed"> = {},
): Promise<LossProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, inputs, targets, subject } = probe;
  const fixed = model.inputs[0].shape[0];
  if (fixed !== null) {
    throw new InputError({
      place: `model ${model.name}`,
      found: `built for batches of ${fixed}`,
      expected: "any size: its batch is doubled",
    });
  }
  const objectiveFor = (targets: Tensor[] | null) =>
    probeObjective({ tf, model, targets }, options.objective);
  const { name } = objectiveFor(targets);
  const kept = keepModel(probe);
  const doubled: Tensor[] = [];
  const double = (tensors: Tensor[]) => {
    const twice = tensors.map((tensor) => tf.concat([tensor, tensor], 0));
    doubled.push(...twice);
    return twice;
  };
  const loss = (inputs: Tensor[], targets: Tensor[] | null) =>
    evaluateObjective(kept, objectiveFor(targets), inputs);
  try {
    return {
      ...subject,
      objective: { name },
      once: loss(inputs, targets),
      twice: loss(double(inputs), targets === null ? null : double(targets)),
    };
  } finally {
    tf.dispose(doubled);
    kept.restore();
  }
}
