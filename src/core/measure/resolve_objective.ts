import { InputError } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { kerasLoss, lossSettings } from "../model/loss_functions.ts";
import {
  isObjective,
  type LossFunction,
  type LossSettings,
  type Objective,
} from "../model/objective.ts";
import { findLoss, LOSSES, type LossName, lossTraits } from "../../ground/traits/losses.ts";
import { parseLoss } from "../../ground/traits/parse_loss.ts";
import { heapView } from "../../engine/heap/heap.ts";
import { broadcasts, hasShape, mayBeOnEither } from "../model/layers/shapes.ts";
import { nearestObjective } from "./require_objective.ts";
import { MeasureError } from "./measure_options.ts";

/** Objective that is ready to be called inside a pass. */
export interface ResolvedObjective {
  name: string;
  /** @param targets Targets in place of its own. */
  evaluate(outputs: Tensor[], targets?: Tensor[]): Tensor;
  /** Returns the name of the loss of an output, if it has one. */
  lossOf(output: number): string | null;
  /** Returns the settings of the loss of an output; `null` if it has none. */
  settingsOf(output: number): LossSettings | null;
}

/** Loss that one output is trained on, by name or as a function; `null` for an untrained output. */
export type OutputLoss = LossName | LossFunction | null;

/**
 * Turns an objective into a function of the outputs.
 *
 * @throws {InputError} If the objective is of no known kind, or if a loss lacks targets, or their
 * number differs from that of the outputs.
 */
export function resolveObjective(
  tf: TensorFlow,
  { outputs }: Pick<LayersModel, "outputs">,
  { objective, targets }: { objective: Objective; targets: Tensor[] | null },
): ResolvedObjective {
  if (typeof objective === "function") {
    return {
      name: objective.name || "custom",
      lossOf: () => null,
      settingsOf: () => null,
      evaluate(outputs, others = targets ?? []) {
        try {
          return objective(outputs, others);
        } catch (error) {
          // Our errors are about the batch and say so; TensorFlow.js's name neither objective nor
          // layer.
          if (!(error instanceof RangeError)) throw error;
          throw new Error(error.message, { cause: error });
        }
      },
    };
  }
  if (objective === "sum") {
    return {
      name: "sum",
      lossOf: () => null,
      settingsOf: () => null,
      evaluate: (outputs) => total(tf, outputs),
    };
  }
  if (!isObjective(objective)) {
    throw new InputError({
      place: "options.objective",
      found: showValue(objective),
      expected: `"sum", a function, or one of ${LOSSES.join(", ")}`,
      hint: typeof objective === "string" ? nearestObjective(objective) : "",
    });
  }
  const given = requireTargets(targets, objective);
  const settings = parseLoss(objective, "options.objective");
  const losses = outputs.map((output, i) =>
    kerasLoss(tf, { ...settings, ...ofShares(objective, { output, target: given[i] }) })
  );
  return lossObjective(tf, objective, (i) => losses[i] ?? null, () => given);
}

/** Largest distance from 1 of the sum of shares. */
const SUM_TOLERANCE = 1e-3;

/** Returns the settings of a loss of classes if its targets are shares of them. */
function ofShares(
  objective: string,
  { output: { shape }, target }: {
    output: Pick<Tensor, "shape"> | LayersModel["outputs"][number];
    target?: Tensor;
  },
): Pick<LossSettings, "classAxis"> & { name?: LossName } {
  const { ofShares } = lossTraits(objective)!;
  const isOfShares = ofShares !== undefined && target !== undefined && shape.length > 1 &&
    shape.at(-1) !== 1 && hasShape(target.shape, shape);
  if (!isOfShares) return {};
  return shape.length === 2 ? { name: ofShares } : { name: ofShares, classAxis: 1 };
}

/**
 * Returns true if shares of classes add up to 1 over the last axis and not over axis 1, where
 * PyTorch has the classes.
 */
export function hasClassesLast(tf: TensorFlow, target: Tensor): boolean {
  const addsUp = (axis: number) =>
    tf.tidy(() => {
      const sums = tf.sum(tf.cast(target, "float32"), axis);
      return heapView(tf, tf.max(tf.abs(tf.sub(sums, 1))) as Tensor)[0] < SUM_TOLERANCE;
    });
  return target.rank > 2 && !addsUp(1) && addsUp(target.rank - 1);
}

/** Rejects a loss without targets. */
function requireTargets(targets: Tensor[] | null, objective: string): Tensor[] {
  if (targets !== null) return targets;
  throw new InputError({
    place: "batch",
    verb: "has",
    found: `no targets for the objective ${objective}`,
    expected: "{ inputs, targets }, as randomBatch(model, { objective }) draws them",
  });
}

/**
 * Turns a loss for each output into a function of the outputs: the sum over the outputs of the mean
 * of each loss, as in `model.fit`.
 *
 * @param targets The targets, one per output; or a function that makes them from the outputs.
 * @throws {InputError} If the targets are missing.
 */
export function resolveLosses(
  tf: TensorFlow,
  losses: readonly OutputLoss[],
  targets: Tensor[] | null | ((outputs: Tensor[]) => Tensor[]),
): ResolvedObjective {
  const name = nameOfLosses(losses);
  const given = typeof targets === "function" ? targets : requireTargets(targets, name);
  const targetsFor = typeof given === "function" ? given : () => given;
  return lossObjective(tf, name, (i) => losses[i] ?? null, targetsFor);
}

/** Returns a common name for the losses of a model's outputs. */
export function nameOfLosses(losses: readonly OutputLoss[]): string {
  const names = losses.flatMap((loss) => loss === null ? [] : [nameOf(loss)]);
  return [...new Set(names)].join(" + ");
}

/**
 * Returns the name of a loss: TensorFlow.js names its exported functions like
 * `softmaxCrossEntropy__op`.
 */
export function nameOf(loss: LossName | LossFunction): string {
  if (typeof loss === "string") return loss;
  return lossSettings(loss)?.name ?? (loss.name.replace(/(__op|_)$/, "") || "custom");
}

/** Returns the settings of a loss; `null` for an unknown function, and for none. */
function settingsOfLoss(loss: OutputLoss): LossSettings | null {
  if (loss === null) return null;
  return typeof loss === "string" ? { name: loss } : lossSettings(loss);
}

function lossObjective(
  tf: TensorFlow,
  name: string,
  lossOf: (output: number) => OutputLoss,
  targetsFor: (outputs: Tensor[]) => Tensor[],
): ResolvedObjective {
  return {
    name,
    settingsOf: (output) => settingsOfLoss(lossOf(output)),
    lossOf(output) {
      const loss = lossOf(output);
      return loss === null ? null : nameOf(loss);
    },
    evaluate(outputs, targets = targetsFor(outputs)) {
      if (outputs.length !== targets.length) {
        throw new InputError({
          place: "batch",
          verb: "has",
          found: `targets for ${targets.length} of the model's outputs`,
          expected: `them for all ${outputs.length}`,
        });
      }
      return outputs.flatMap((output, i) => {
        const loss = lossOf(i);
        if (loss === null) return [];
        const settings = settingsOfLoss(loss);
        if (settings === null) return [tf.mean((loss as LossFunction)(targets[i], output))];
        const target = fit(tf, targets[i], output, settings.name);
        return [kerasLoss(tf, settings)(target, output)];
      }).reduce((sum, value) => tf.add(sum, value));
    },
  };
}

/**
 * Converts a target for losses and metrics. One number per example becomes one column, as in `fit`.
 * Labels may be whole numbers: some losses take only float32, and others read the bits of an int32
 * as if they were float32.
 */
export function asTargets(tf: TensorFlow, given: Tensor): Tensor {
  const target = given.dtype === "float32" ? given : tf.cast(given, "float32");
  return target.rank === 1 ? tf.reshape(target, [target.size, 1]) : target;
}

/**
 * Converts a target for its loss. A shape other than the output's would be broadcast silently, and
 * another loss minimised.
 */
function fit(tf: TensorFlow, target: Tensor, output: Tensor, objective: LossName): Tensor {
  const column = asTargets(tf, target);
  const expected = lossTraits(objective)!.targets === "classes"
    ? [...output.shape.slice(0, -1), 1]
    : output.shape;
  const same = (shape: number[]) => shape.join() === expected.join();
  const { classAxis, targets, shapes } = lossTraits(objective)!;
  const isAsGiven = targets !== "classes" &&
    (same(target.shape) || broadcasts(output.shape, target.shape, objective));
  if (isAsGiven) return tf.cast(target, "float32");
  const [examples, , ...places] = output.shape;
  const isOnFirst = classAxis !== undefined &&
    [[examples, ...places], [examples, ...places, 1]].some((one) =>
      one.join() === target.shape.join()
    );
  if (classAxis !== undefined && mayBeOnEither(output.shape, target.shape)) return column;
  const fits = same(column.shape) || isOnFirst || same([...column.shape, 1]);
  if (fits && shapes === undefined) return column;
  throw new InputError({
    place: "batch.targets",
    verb: "has",
    found: `shape [${target.shape.join(", ")}]`,
    expected: `[${expected.join(", ")}] for the objective ${objective} of an output of shape [${
      output.shape.join(", ")
    }]`,
    hint: shapes === undefined
      ? otherEncoding(target, output, objective)
      : "; PyTorch refuses these two shapes, too",
  });
}

/**
 * Names the loss that takes these targets, worded to end an error message: class numbers where one-hot
 * rows are expected, or the other way round.
 */
function otherEncoding(target: Tensor, output: Tensor, objective: LossName): string {
  const isSparse = lossTraits(objective)!.targets === "classes";
  const other = isSparse
    ? findLoss(objective.replace(/^sparse/, ""))
    : findLoss(`sparse${objective}`);
  const rows = output.size / output.shape.at(-1)!;
  const fits = isSparse ? target.shape.join() === output.shape.join() : target.size === rows;
  if (other === null || other === objective || !fits) return "";
  return isSparse ? `: ${other} takes one-hot rows` : `: ${other} takes class numbers`;
}

function total(tf: TensorFlow, outputs: Tensor[]): Tensor {
  return outputs.map((output) =>
    tf.sum(output.dtype === "float32" ? output : tf.cast(output, "float32"))
  )
    .reduce((sum, value) => tf.add(sum, value));
}

/** Model whose regularizers can be evaluated; TensorFlow.js declares the method protected. */
interface Penalised {
  calculateLosses(): Tensor[];
}

/**
 * Returns the scalar that a pass differentiates.
 *
 * @param penalised Model whose penalties are part of it; `null` for none.
 * @throws {MeasureError} If the objective is not a scalar.
 */
export function evaluateObjective(
  tf: TensorFlow,
  objective: ResolvedObjective,
  outputs: Tensor[],
  penalised: LayersModel | null,
): Tensor {
  const value = objective.evaluate(outputs);
  if (value?.size !== 1 || value.dtype !== "float32") {
    throw new MeasureError({
      place: `The objective ${objective.name}`,
      verb: "returned",
      found: Array.isArray(value?.shape)
        ? `a tensor of shape [${value.shape.join(", ")}] and dtype ${value.dtype}`
        : typeof value,
      expected: "a scalar of dtype float32",
    });
  }
  const penalties = (penalised as unknown as Penalised | null)?.calculateLosses() ?? [];
  return penalties.reduce((sum, one) => tf.add(sum, tf.reshape(one, value.shape)), value);
}
