import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { drawTarget } from "../model/batches/random_batch.ts";
import { headOf } from "../model/layers/leaf_layers.ts";
import { isObjective, type LossFunction, type Objective } from "../model/objective.ts";
import {
  fittingLoss,
  hasConstantSum,
  LOSSES,
  type LossName,
  lossTraits,
} from "../../ground/traits/losses.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";
import { hasShape, targetShapes } from "../model/layers/shapes.ts";
import { kerasLoss, lossSettings } from "../model/loss_functions.ts";
import { parseLoss } from "../../ground/traits/parse_loss.ts";
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
  const { objective = "sum" } = request;
  const isDefault = request.objective === undefined &&
    (compiledLosses(model) !== null || sumSaysNothing(model));
  return isDefault ? defaultLosses(tf, model, request) : asRequested(tf, model, objective, request);
}

/**
 * Chooses what to train on: as {@linkcode chooseObjective}, but never the sum of the outputs, which
 * has no minimum; if the sum was requested, too, the losses that fit the heads. If the batch lacks
 * targets for a requested loss, they are drawn.
 *
 * @throws {TypeError} If the given objective is of no known kind.
 */
export function chooseLoss(tf: TensorFlow, model: LayersModel, request: Request): ChosenObjective {
  const { objective, targets } = request;
  if (objective === undefined || objective === "sum") return defaultLosses(tf, model, request);
  if (targets !== null || typeof objective === "function" || !isObjective(objective)) {
    return asRequested(tf, model, objective, request);
  }
  const loss = kerasLoss(tf, parseLoss(objective, "options.objective"));
  const losses = model.outputs.map(() => loss);
  return withTargets(tf, model, { losses, chosenBy: null }, request);
}

function asRequested(
  tf: TensorFlow,
  model: LayersModel,
  objective: Objective,
  { targets }: Request,
): ChosenObjective {
  const resolved = resolveObjective(tf, model, { objective, targets });
  return { objective: resolved, chosenBy: null, drawn: null };
}

/**
 * Returns the compiled losses, else those that fit the heads, on these targets if they suit, else on
 * random ones.
 */
function defaultLosses(tf: TensorFlow, model: LayersModel, request: Request): ChosenObjective {
  const compiled = compiledLosses(model);
  if (compiled !== null) {
    return withTargets(tf, model, { losses: compiled, chosenBy: "compiled" }, request);
  }
  const fitting = fittingLosses(model, request.targets);
  const targets = fitting === null ? null : request.targets;
  const losses = fitting ?? fittingLosses(model, null)!;
  return withTargets(tf, model, { losses, chosenBy: "head" }, { ...request, targets });
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
