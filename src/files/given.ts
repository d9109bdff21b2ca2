import type { LayersModel } from "../engine/tensorflow.ts";
import { BatchError } from "../core/model/batches/batch.ts";
import type { Objective } from "../core/model/objective.ts";
import type { ParsedTensor } from "./parse_tensor.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Tensors of a batch file: one for each input, and for each output if it has targets. */
export interface Given {
  inputs: ParsedTensor[];
  targets: ParsedTensor[] | null;
  /** Classes that the targets number, in order; absent if the file does not name them. */
  classes?: NamedClasses;
  /** Notes on assumptions that the file does not state, a sentence each. */
  notes?: string[];
}

interface NamedClasses {
  /** Place of the names, as the start of a sentence: `The folder`. */
  place: string;
  names: readonly string[];
}

/**
 * Returns class numbers, or a one-hot row for each if the loss takes shares of the classes.
 *
 * @param labels Class number of each example.
 * @throws {BatchError} If the model does not have an output for each class.
 */
export function classTargets(
  labels: ArrayLike<number>,
  { place, names }: NamedClasses,
  { outputs: [output] }: LayersModel,
  objective: Objective | undefined,
): ParsedTensor {
  const units = output.shape.at(-1);
  const asNumbers = objective === "sparseCategoricalCrossentropy" || units === 1 ||
    output.shape.length !== 2;
  if (!asNumbers && units !== names.length || units === 1 && names.length !== 2) {
    throw new BatchError(
      refusal`${place} holds ${names.length} classes, expected ${
        units === 1 ? 2 : units
      } as the model outputs`,
    );
  }
  if (asNumbers) return { place: "targets", shape: [labels.length, 1], values: labels };
  const values = new Float32Array(labels.length * names.length);
  for (let i = 0; i < labels.length; i++) values[i * names.length + labels[i]] = 1;
  return { place: "targets", shape: [labels.length, names.length], values };
}
