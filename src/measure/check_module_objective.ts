import type { LoadedModel } from "../model/loaded_model.ts";
import { ModelError } from "../model/model_error.ts";
import { nearestObjective } from "./nearest_objective.ts";
import { LOSSES, type Objective } from "../model/objective.ts";

/**
 * The objective that a model's module asks for: what it exports is any string.
 *
 * @returns The objective; the sum where the module says nothing.
 * @throws {ModelError} If there is no such objective.
 */
export function checkModuleObjective(
  { objective, path }: Pick<LoadedModel, "objective" | "path">,
): Objective {
  if (objective === null) return "sum";
  const names: readonly string[] = ["sum", ...LOSSES];
  if (typeof objective === "function" || names.includes(objective)) return objective as Objective;
  throw new ModelError(
    `${path}: objective is ${JSON.stringify(objective)}, expected a function or the name of one${
      nearestObjective(objective) || `: ${names.join(", ")}`
    }`,
  );
}
