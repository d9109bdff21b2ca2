import { show } from "../checks/show.ts";
import { validateOptions } from "../checks/validate_options.ts";
import type { CreateModel, DrawOptions } from "./create_model.ts";
import { validateObjective } from "./validate_objective.ts";

/**
 * Refuses, before anything runs, what a model cannot be created and measured with.
 *
 * @throws {TypeError} If `create`, the objective or `createBatch` is not what it must be.
 */
export function validateDrawOptions(create: CreateModel, options: DrawOptions): void {
  if (typeof create !== "function") {
    throw new TypeError(`create must be a function, got ${typeof create}.`);
  }
  validateOptions(options);
  const { objective, createBatch } = options;
  validateObjective(objective);
  if (createBatch !== undefined && typeof createBatch !== "function") {
    throw new TypeError(`options.createBatch must be a function, got ${show(createBatch)}.`);
  }
}
