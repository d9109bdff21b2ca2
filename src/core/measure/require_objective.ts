import { showValue } from "../../ground/words/show_value.ts";
import { type Batch, BatchError } from "../model/batches/batch.ts";
import { isModule, type LoadedModel } from "../model/loaded_model.ts";
import { ModelError } from "../model/model_error.ts";
import { isObjective, type Objective, OBJECTIVES } from "../model/objective.ts";
import { findLoss } from "../../ground/traits/losses.ts";
import { nearest, refusal } from "../../ground/words/input_error.ts";

/**
 * Suggests the objective that was probably meant, worded to end an error message.
 *
 * @returns `"; did you mean ...?"`, or an empty string if no name is close.
 */
export function nearestObjective(name: string): string {
  const known = findLoss(name);
  return known === null ? nearest(name, OBJECTIVES) : `; did you mean ${showValue(known)}?`;
}

/**
 * Checks the objective that a model's module sets, which may be any string.
 *
 * @returns The objective; `undefined` if the module sets none.
 * @throws {ModelError} If the objective does not exist.
 */
export function requireModuleObjective(
  { objective, path }: Pick<LoadedModel, "objective" | "path">,
): Objective | undefined {
  if (objective === null) return undefined;
  if (isObjective(objective)) return objective;
  throw new ModelError(
    refusal`${path}: objective is ${showValue(objective)}, expected a function or the name of one${
      nearestObjective(objective) || `: ${OBJECTIVES.join(", ")}`
    }`,
  );
}

/**
 * Checks that a batch has the targets that a loss needs.
 *
 * @param objective The objective; `undefined` if none was requested.
 * @param file Source of the batch: a JSON file, or a module with `createBatch`.
 * @returns The batch.
 * @throws {BatchError} If the targets are missing.
 */
export function requireTargetsFor(
  batch: Batch,
  objective: Objective | undefined,
  file: string,
): Batch {
  if (typeof objective !== "string" || objective === "sum") return batch;
  if (batch.targets !== undefined && batch.targets !== null) return batch;
  throw new BatchError({
    place: `${file}: the batch`,
    verb: "has",
    found: "no targets",
    expected: `those that the objective ${objective} needs`,
    hint: `: ${fixFor(file)}`,
  });
}

/** Returns the fix for a batch without targets, by the kind of its file. */
function fixFor(file: string): string {
  if (/\.json$/i.test(file)) return 'add "targets" to it';
  if (isModule(file)) return "let createBatch return { inputs, targets }";
  return "use an .npz with x and y, or a .csv whose last column is called label";
}
