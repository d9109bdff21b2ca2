import { positive, requireValue } from "../../../ground/words/shape.ts";
import { InputError, refusal } from "../../../ground/words/input_error.ts";
import type { LayersModel } from "../../../engine/tensorflow.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";
import { formatMemory } from "../../../ground/words/numbers.ts";
import { showValue } from "../../../ground/words/show_value.ts";
import type { Objective } from "../objective.ts";

/** Shape, with `null` for an open size. */
type Shape = readonly (number | null)[];

/** Returns the number of entries of a shape without open sizes. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Returns true if a tensor has the given shape; `null` matches any size. */
export function hasShape(shape: readonly number[], expected: Shape): boolean {
  return shape.length === expected.length &&
    expected.every((size, axis) => size === null || size === shape[axis]);
}

/** Formats a shape for an error message. */
export function showShape(shape: Shape): string {
  return `[${shape.map((size) => size ?? "any").join(", ")}]`;
}

/**
 * Returns the shapes that the targets of an output may have; any other would be broadcast against
 * the output, so that another loss would be measured. A last axis of size 1 may be left out.
 *
 * @param output Shape of the output, `null` for an open size.
 * @param objective Objective of the targets. `"sum"`, which does not use them, and `undefined` mean
 * any loss, so that class numbers are as good as the output's own shape. A function takes any
 * targets.
 * @returns The shapes, the usual one first; `null` if any is accepted.
 */
export function targetShapes(output: Shape, objective?: Objective): Shape[] | null {
  if (typeof objective === "function") return null;
  const isAsGiven = lossTraits(objective ?? null)?.shapes !== undefined;
  return fullShapes(output, objective).flatMap((shape) =>
    shape.at(-1) === 1 && !isAsGiven ? [shape, shape.slice(0, -1)] : [shape]
  );
}

/**
 * Returns true if a loss takes targets of a shape: one of {@linkcode targetShapes}, or one that the
 * loss broadcasts, as PyTorch does without an error.
 *
 * @param output Shape of the output, `null` for an open size.
 */
export function takesTargets(
  output: Shape,
  target: readonly number[],
  objective?: Objective,
): boolean {
  const shapes = targetShapes(output, objective);
  return shapes === null || shapes.some((shape) => hasShape(target, shape)) ||
    typeof objective === "string" && broadcasts(fillShape(output, target), target, objective);
}

/** Returns the shape of an output with its open sizes taken from the targets. */
export function fillShape(output: Shape, target: readonly number[]): number[] {
  const shift = target.length - output.length;
  return output.map((size, axis) => size ?? target[axis === 0 ? 0 : axis + shift] ?? 1);
}

/** Returns true if a loss broadcasts an output and targets of another shape. */
export function broadcasts(
  output: readonly number[],
  target: readonly number[],
  loss: string,
): boolean {
  const { shapes } = lossTraits(loss) ?? {};
  if (shapes === undefined || shapes === "same") return false;
  const joint = broadcastShape(output, target);
  return joint !== null && (shapes === "broadcast" || hasShape(joint, output));
}

/** Returns the shape to which two broadcast; `null` if they do not. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const sizes = Array.from({ length: rank }, (_, i) => {
    const [one, other] = [a, b].map((shape) => shape[i + shape.length - rank] ?? 1);
    if (one === 1 || other === 1) return Math.max(one, other);
    return one === other ? one : NaN;
  });
  return sizes.some(Number.isNaN) ? null : sizes;
}

/**
 * Returns the axis of the classes in an output: the last, or axis 1 if the loss takes it there and
 * the targets have the other axes. If they may be on either, a loss of PyTorch reads axis 1.
 *
 * @param output Shape of the output; `null` for an axis of any length.
 * @param target Shape of the targets.
 * @param loss Name of the loss.
 */
export function classAxisOf(output: Shape, target: Shape, loss: string | null): number {
  const last = output.length - 1;
  if (lossTraits(loss)?.classAxis === undefined || last < 2) return last;
  return isPart(output.slice(0, -1), target) && !mayBeOnEither(output, target) ? last : 1;
}

/** Returns true if the classes of an output may be on axis 1 or the last, by the shape of the targets. */
export const mayBeOnEither = (output: Shape, target: Shape): boolean =>
  output.length > 2 && target.length === output.length - 1 &&
  [output.slice(0, -1), output.toSpliced(1, 1)].every((shape) => isPart(shape, target));

/** Returns true if a shape begins with the sizes of another, of which open ones fit any. */
const isPart = (sizes: Shape, shape: Shape): boolean =>
  sizes.every((size, axis) => size === null || size === shape[axis]);

/** Returns the shapes that the targets of an output may have if no axis is left out. */
function fullShapes(output: Shape, objective: string | undefined): Shape[] {
  const classNumbers = [...output.slice(0, -1), 1];
  if (objective === undefined || objective === "sum") return [output, classNumbers];
  const traits = lossTraits(objective);
  if (traits?.targets !== "classes") return [output];
  const [examples, , ...places] = output;
  return [
    classNumbers,
    ...traits.classAxis === undefined || output.length < 3 ? [] : [[examples, ...places, 1]],
    ...traits.ofShares === undefined ? [] : [[...output]],
  ];
}

/**
 * Rejects an invalid size of a batch, a layer or an axis.
 *
 * @param name Name of the size, for the message.
 * @throws {InputError} If it is not a whole number of at least 1.
 */
export function requireCount(name: string, value: number): void {
  requireValue(name, value, positive);
}

/** Size of a batch, if the model leaves it open. */
export interface BatchSize {
  /**
   * Number of examples. Default: 32, or the number that the model is built for (a stateful
   * recurrent layer fixes it). Rules that depend on the batch give no verdict below 8.
   */
  examples?: number;
  /**
   * Size of an axis that the model does not fix: time steps, or height and width of a picture.
   * Default: 32, enough for five halvings.
   */
  undefinedSize?: number;
}

/** With more entries, the batch alone takes a quarter of the WASM heap's 4 GiB. */
const MAX_ENTRIES = 2 ** 28;

/**
 * Returns the shapes of a model's inputs with every axis filled in, examples first.
 *
 * @throws {InputError} If a size is not a whole number above 0, is not the one that the model is
 * built for, or makes a batch of more than 2^28 entries.
 */
export function batchShapes(model: LayersModel, size: BatchSize = {}): number[][] {
  const { undefinedSize = 32 } = size;
  requireCount("undefinedSize", undefinedSize);
  const fixed = model.inputs.map((input) => input.shape[0]).find((first) => first !== null);
  const examples = size.examples ?? fixed ?? 32;
  requireCount("examples", examples);
  if (typeof fixed === "number" && fixed !== examples) {
    throw new InputError({
      place: "examples",
      found: showValue(examples),
      expected: `${fixed}: model ${showValue(model.name)} is built for batches of that size`,
    });
  }
  const shapes = model.inputs.map((input) => [
    examples,
    ...input.shape.slice(1).map((length) => length ?? undefinedSize),
  ]);
  const entries = shapes.map((shape) => shape.reduce((product, length) => product * length, 1));
  const largest = Math.max(...entries);
  if (largest > MAX_ENTRIES) {
    const shape = `[${shapes[entries.indexOf(largest)].join(", ")}]`;
    const size = `${formatMemory(largest * 4)} of the engine's 4 GiB`;
    throw new InputError(
      examples > 1
        ? refusal`examples is ${examples}, expected fewer: inputs of shape ${shape} would take ${size}`
        : refusal`One example of shape ${shape} takes ${size}, expected a smaller one`,
    );
  }
  return shapes;
}

/**
 * Returns the number of examples in a batch: the first axis of the inputs whose number of examples
 * the model leaves open. A PyTorch program may fix it, and then each input has its own.
 */
export function countExamples(
  model: LayersModel,
  inputs: readonly { shape: readonly number[] }[],
): number {
  const open = model.inputs.findIndex(({ shape }) => shape[0] === null);
  return inputs[Math.max(0, open)].shape[0];
}

/**
 * Finds the first input or target whose number of examples is neither that of the batch nor the
 * one that the model fixes.
 */
export function findUneven<T extends { shape: readonly number[] }>(
  model: LayersModel,
  { inputs, targets }: { inputs: readonly T[]; targets: readonly T[] | null },
): { tensor: T; expected: number } | undefined {
  const examples = countExamples(model, inputs);
  const along = (tensors: readonly T[], places: readonly { shape: Shape }[]) =>
    tensors.map((tensor, i) => ({ tensor, expected: places[i]?.shape[0] ?? examples }));
  return [...along(inputs, model.inputs), ...along(targets ?? [], model.outputs)]
    .find(({ tensor, expected }) => tensor.shape[0] !== expected);
}
