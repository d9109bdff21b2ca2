import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { drawTarget } from "../model/batches/random_targets.ts";
import { headOf } from "../model/layers/leaf_layers.ts";
import { isObjective, type Objective } from "../model/objective.ts";
import { fittingLoss, hasConstantSum, type LossName, lossTraits } from "../traits/losses.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";
import { hasShape, targetShapes } from "../model/layers/shapes.ts";
import { kerasLoss } from "../model/loss_functions.ts";
import { parseLoss } from "../traits/parse_loss.ts";
import { compiledLosses } from "./compiled_losses.ts";
import {
  nameOf,
  nameOfLosses,
  type OutputLoss,
  type ResolvedObjective,
  resolveLosses,
  resolveObjective,
} from "./resolve_objective.ts";

/** Objective and the reason for its choice. */
export interface ChosenObjective {
  /** Function to differentiate. */
  objective: ResolvedObjective;
  /** Reason for the choice, if no objective was given; `null` for a given one, and for the sum. */
  chosenBy: "compiled" | "head" | null;
  /** Targets that were drawn for it, once it was evaluated; the caller disposes of them. */
  drawn: Tensor[] | null;
}

/** Requested objective and targets of a pass. */
interface Request {
  /** Objective that was requested. */
  objective: Objective | undefined;
  /** Targets of the batch. */
  targets: Tensor[] | null;
  /** Seed of targets that have to be drawn. */
  seed: number;
}

/**
 * Chooses what to differentiate: the given objective; else the loss that the model was compiled
 * with; else, if an output always has the same sum, the losses that fit the heads; else the sum of
 * the outputs. If a loss was not requested and the batch lacks targets for it, they are drawn at
 * random.
 *
 * @throws {TypeError} If the given objective is of no known kind.
 * @throws {RangeError} If the given objective is a loss and the targets are missing.
 */
export function chooseObjective(
  tf: TensorFlow,
  model: LayersModel,
  request: Request,
): ChosenObjective {
  const { objective: given, targets } = request;
  if (given !== undefined) {
    return {
      objective: resolveObjective(tf, model, { objective: given, targets }),
      chosenBy: null,
      drawn: null,
    };
  }
  const compiled = compiledLosses(model);
  if (compiled !== null) {
    return withTargets(tf, model, { losses: compiled, chosenBy: "compiled" }, request);
  }
  if (sumSaysNothing(model)) return byHead(tf, model, request);
  return {
    objective: resolveObjective(tf, model, { objective: "sum", targets }),
    chosenBy: null,
    drawn: null,
  };
}

/**
 * Chooses what to train on: as {@linkcode chooseObjective}, but never the sum of the outputs, which
 * has no minimum; if the sum was requested, too, the losses that fit the heads. If the batch lacks
 * targets for a requested loss, they are drawn.
 *
 * @throws {TypeError} If the given objective is of no known kind.
 */
export function chooseLoss(tf: TensorFlow, model: LayersModel, request: Request): ChosenObjective {
  const { objective: given, targets } = request;
  if (given === undefined || given === "sum") {
    const compiled = compiledLosses(model);
    return compiled === null
      ? byHead(tf, model, request)
      : withTargets(tf, model, { losses: compiled, chosenBy: "compiled" }, request);
  }
  if (targets !== null || typeof given === "function" || !isObjective(given)) {
    return {
      objective: resolveObjective(tf, model, { objective: given, targets }),
      chosenBy: null,
      drawn: null,
    };
  }
  const loss = kerasLoss(tf, parseLoss(given, "options.objective"));
  const losses = model.outputs.map(() => loss);
  return withTargets(tf, model, { losses, chosenBy: null }, request);
}

/** Returns the losses that fit the heads, on these targets if they suit, else on random ones. */
function byHead(tf: TensorFlow, model: LayersModel, request: Request): ChosenObjective {
  const fitting = fittingLosses(model, request.targets);
  return fitting === null
    ? withTargets(
      tf,
      model,
      { losses: fittingLosses(model, null)!, chosenBy: "head" },
      { ...request, targets: null },
    )
    : withTargets(tf, model, { losses: fitting, chosenBy: "head" }, request);
}

/** Objective that a model is measured with by default. */
interface DefaultObjective {
  /** Name, as in {@linkcode ChosenObjective}. */
  name: string;
  /** Value to pass as `objective`; `null` for a function, or a different loss for each output. */
  objective: LossName | "sum" | null;
}

/** Returns the choice of {@linkcode chooseObjective} if no objective is given. */
export function defaultObjective(model: LayersModel): DefaultObjective {
  const losses = compiledLosses(model) ??
    (sumSaysNothing(model) ? fittingLosses(model, null)! : null);
  if (losses === null) return { name: "sum", objective: "sum" };
  const [loss] = losses;
  const isOne = typeof loss === "string" && losses.every((other) => other === loss);
  return { name: nameOfLosses(losses), objective: isOne ? loss : null };
}

function sumSaysNothing({ outputs }: LayersModel): boolean {
  return outputs.some((output) => hasConstantSum(headOf(output)));
}

/**
 * Returns the losses that fit the heads, or `null` if the targets do not suit them. Classes may be
 * given as shares or by their numbers.
 */
function fittingLosses(model: LayersModel, targets: Tensor[] | null): LossName[] | null {
  const { outputs } = model;
  if (targets !== null && targets.length !== outputs.length) return null;
  const losses = outputs.flatMap((output, i): LossName[] => {
    const loss = fittingLoss(headOf(output));
    const ways: LossName[] = loss === "categoricalCrossentropy"
      ? [loss, "sparseCategoricalCrossentropy"]
      : [loss];
    const way = ways.find((way) =>
      targets === null ||
      targetShapes(output.shape, way)!.some((shape) => hasShape(targets[i].shape, shape))
    );
    return way === undefined ? [] : [way];
  });
  return losses.length === outputs.length ? losses : null;
}

function withTargets(
  tf: TensorFlow,
  model: LayersModel,
  { losses, chosenBy }: Pick<ChosenObjective, "chosenBy"> & { losses: readonly OutputLoss[] },
  { targets, seed }: Pick<Request, "targets" | "seed">,
): ChosenObjective {
  // Read now: during a pass, taps replace the activations.
  const heads = model.outputs.map(headOf);
  // For most functions only the head that they suit is known.
  const lossOf = (i: number): string => {
    const loss = losses[i];
    const name = loss === null ? null : nameOf(loss);
    return lossTraits(name) === null ? fittingLoss(heads[i]) : name!;
  };
  const draw = (outputs: Tensor[]): Tensor[] => {
    const random = new SeededRandom(seed, "targets");
    // Drawn outside of every scope, so that they can be measured after the pass.
    return outputs.map(({ shape }, i) =>
      tf.keep(drawTarget(tf, random, { loss: lossOf(i), head: heads[i], shape }))
    );
  };
  const chosen: ChosenObjective = {
    chosenBy,
    drawn: null,
    objective: resolveLosses(tf, losses, targets ?? ((outputs) => chosen.drawn ??= draw(outputs))),
  };
  return chosen;
}
